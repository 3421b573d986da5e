/**
 * The Node Manager's own packet dump: one readable line for each thing that it sends or receives, on each plane that it speaks.
 *
 *     1102204800.123 12.345 tcp open id=7 ms=3
 *     │              │      │   └ what happened, and what is known of it
 *     │              │      └ plane: dns, tcp, tls, http, api, document, ntp, udp, rpc, slicestat
 *     │              └ seconds on the monotonic clock
 *     └ seconds of the wall clock
 *
 * The last lines are in memory, for whoever asks (`dump`); with `--dump` all of them are in a file, which is bounded and can be rotated.
 */
import type { Clock, Files } from "../../host/host.ts";
import type { Config } from "./config.ts";
import { createLineFile } from "./line-file.ts";
import { createMask } from "./mask.ts";

export type Plane = "dns" | "tcp" | "tls" | "http" | "api" | "document" | "ntp" | "udp" | "rpc" | "slicestat";
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Dump extends AsyncDisposable {
  line(plane: Plane, event: string, facts?: Facts): void;
  /** Bytes that make no sense, in hexadecimal, and why. */
  malformed(plane: Plane, why: string, bytes: Uint8Array): void;
  /** The lines from this number on that are remembered, and the number of the next one. */
  since(number: number): { readonly next: number; readonly lines: readonly string[] };
  reopen(): void;
  dropped(): number;
}

/** In memory: of both, as many as fit. */
const mostLines = 500;
const mostCharacters = 64 * 1024;
const longestLine = 1000;
const longestFact = 200;
/** Of what is malformed, so much of its beginning and of its end. */
const headBytes = 32;
const tailBytes = 96;
const searchedBytes = 1024 * 1024;

export function createDump(
  { clock, files }: { readonly clock: Clock; readonly files: Files },
  { dumpFile, dumpBytes, key, guards }: Pick<Config, "dumpFile" | "dumpBytes" | "key" | "guards">,
): Dump {
  const file = dumpFile === undefined ? undefined : createLineFile(files, { path: dumpFile, mostBytes: dumpBytes / 2 });
  const shown = guards.has("mask-secrets") ? createMask([key]) : asItIs;
  const lines: string[] = [];
  let characters = 0;
  let next = 0;

  const add = (text: string): void => {
    lines.push(text);
    characters += text.length;
    next += 1;
    while (lines.length > mostLines || characters > mostCharacters) characters -= lines.shift()?.length ?? 0;
    file?.add(text);
  };
  const write = (plane: Plane, event: string, words: readonly string[]): void => {
    const seconds = [clock.wall(), clock.monotonic()].map((milliseconds) => (milliseconds / 1000).toFixed(3));
    add([...seconds, plane, event, ...words].join(" ").slice(0, longestLine));
  };
  const wordsOf = (facts: Facts): readonly string[] =>
    Object.entries(facts).flatMap(([name, value]) =>
      value === undefined ? [] : `${name}=${typeof value === "string" ? quote(shown(value)) : round(value)}`,
    );
  return {
    line: (plane, event, facts = {}) => write(plane, event, wordsOf(facts)),
    malformed(plane, why, bytes) {
      // Masked before it is cut, since a part of a secret is none that can be recognised.
      const safe = Buffer.from(shown(ends(bytes).toString("latin1")), "latin1");
      const [head, tail] = [safe.subarray(0, headBytes), safe.subarray(Math.max(headBytes, safe.length - tailBytes))];
      const hex = [`hex=${head.toString("hex")}`, ...(tail.length > 0 ? [`end=${tail.toString("hex")}`] : [])];
      write(plane, "malformed", [...wordsOf({ why, bytes: bytes.length }), ...hex]);
    },
    since(number) {
      const first = next - lines.length;
      return { next, lines: lines.slice(Math.max(0, number - first)) };
    },
    reopen: () => file?.reopen(),
    dropped: () => file?.dropped() ?? 0,
    async [Symbol.asyncDispose]() {
      await file?.[Symbol.asyncDispose]();
    },
  };
}

function quote(text: string): string {
  const short = text.slice(0, longestFact);
  return /^[\w.:/,*+-]+$/.test(short) ? short : JSON.stringify(short);
}

function round(value: number | boolean): string {
  return String(typeof value === "number" ? Math.round(value * 1000) / 1000 : value);
}

/** All of it, or as much of its beginning and its end as is worth looking through. */
function ends(bytes: Uint8Array): Buffer {
  if (bytes.length <= 2 * searchedBytes) return Buffer.from(bytes);
  return Buffer.concat([bytes.subarray(0, searchedBytes), bytes.subarray(-searchedBytes)]);
}

function asItIs(text: string): string {
  return text;
}
