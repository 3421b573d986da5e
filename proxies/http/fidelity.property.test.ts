/** Whatever is asked and answered: without a fault, it passes as it is. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { startSimulatedPair } from "../../host/sim/pair.testing.ts";
import { realHost, startProxied, type Peer, type Proxied } from "./http.testing.ts";

type Lines = readonly (readonly [string, string])[];

interface Message {
  readonly start: string;
  readonly headers: Lines;
  readonly framing: "none" | "length" | "chunked" | "close";
  readonly pieces: readonly string[];
  readonly trailers: Lines;
}

const name = fc.stringMatching(/^[Xx]-[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const value = fc
  .stringMatching(/^[\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]{0,20}[\x21-\x7e\x80-\xff])?$/)
  .filter((text) => text.trim() === text);
const lines = fc.array(fc.tuple(name, value), { maxLength: 6 });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 3000 }).map((all) => Buffer.from(all).toString("latin1"));
const pieces = fc.array(bytes, { maxLength: 5 });
const target = fc.stringMatching(/^\/[\x21\x24-\x7e]{0,30}$/);

const request = fc.record({
  start: fc
    .tuple(fc.constantFrom("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "query"), target)
    .map(([method, path]) => `${method} ${path} HTTP/1.1`),
  headers: lines,
  framing: fc.constantFrom("none", "length", "chunked"),
  pieces,
  trailers: lines,
});
const reply = fc.record({
  start: fc
    .tuple(fc.constantFrom(200, 201, 206, 299, 302, 404, 418, 500, 599), fc.stringMatching(/^[A-Za-z ]{0,12}$/))
    .map(([status, reason]) => `HTTP/1.1 ${status} ${reason}`),
  headers: lines,
  framing: fc.constantFrom("length", "chunked", "close"),
  pieces,
  trailers: lines,
});

describe("over the real host", () => {
  describeFidelity(() => startProxied({ host: realHost }), 150);
});

describe("over the simulated host", () => {
  describeFidelity(async () => {
    const pair = await startSimulatedPair();
    const proxied = await startProxied({ host: pair.server });
    return {
      ...proxied,
      async [Symbol.asyncDispose]() {
        await proxied[Symbol.asyncDispose]();
        await pair[Symbol.asyncDispose]();
      },
    };
  }, 50);
});

function describeFidelity(start: () => Promise<Proxied>, numRuns: number): void {
  test("what is asked reaches the server, and what is answered the client", async () => {
    await using proxied = await start();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(request, reply), { minLength: 1, maxLength: 3 }), async (exchanges) => {
        const { client, server } = await proxied.connect();
        for (const [asked, answered] of exchanges) {
          say(client, asked);
          expect(await hear(server, asked.framing)).toEqual(essenceOf(asked));
          say(server, answered);
          if (answered.framing === "close") server.socket.end();
          expect(await hear(client, answered.framing)).toEqual(essenceOf(answered));
          if (answered.framing === "close") break;
        }
        client.socket.destroy();
        await server.ends();
        server.socket.destroy();
      }),
      { numRuns },
    );
  });
}

function say(peer: Peer, { start, headers, framing, pieces: all, trailers }: Message): void {
  const length = all.reduce((sum, piece) => sum + piece.length, 0);
  const framed: Lines =
    framing === "length"
      ? [["Content-Length", String(length)]]
      : framing === "chunked"
        ? [["Transfer-Encoding", "chunked"]]
        : [];
  peer.say(`${start}\r\n${[...headers, ...framed].map(written).join("")}\r\n`);
  if (framing === "none") return;
  for (const piece of all) peer.say(framing === "chunked" ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece);
  if (framing === "chunked") peer.say(`0\r\n${trailers.map(written).join("")}\r\n`);
}

const written = ([header, text]: Lines[number]): string => `${header}: ${text}\r\n`;

interface Essence {
  readonly start: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly trailers: Readonly<Record<string, readonly string[]>>;
}

function essenceOf({ start, headers, framing, pieces: all, trailers }: Message): Essence {
  return {
    start,
    headers: byName(headers),
    body: framing === "none" ? "" : all.join(""),
    trailers: framing === "chunked" ? byName(trailers) : {},
  };
}

/** By a reading of its own, which knows no more than the test's messages need. */
async function hear(peer: Peer, framing: Message["framing"]): Promise<Essence> {
  const [start = "", ...rest] = (await peer.hearsUntil("\r\n\r\n")).slice(0, -4).split("\r\n");
  const headers = rest.map(parted);
  const stated = (wanted: string): string | undefined =>
    headers.find(([header]) => header.toLowerCase() === wanted)?.[1];
  let body = "";
  let trailers: Lines = [];
  if (framing === "length") body = await peer.hearsBytes(Number(stated("content-length")));
  if (framing === "close") {
    const { rest: all, by } = await peer.ends();
    body = by === "FIN" && stated("content-length") === undefined ? all : `ended by ${by}`;
  }
  if (framing === "chunked") {
    let size = -1;
    while (size !== 0) {
      size = Number.parseInt(await peer.hearsUntil("\r\n"), 16);
      body += await peer.hearsBytes(size);
      if (size > 0) await peer.hearsUntil("\r\n");
    }
    const last: (readonly [string, string])[] = [];
    for (let line = await peer.hearsUntil("\r\n"); line !== "\r\n"; line = await peer.hearsUntil("\r\n"))
      last.push(parted(line.slice(0, -2)));
    trailers = last;
  }
  const hops = new Set(["content-length", "transfer-encoding", "connection", "keep-alive"]);
  return {
    start,
    headers: byName(headers.filter(([header]) => !hops.has(header.toLowerCase()))),
    body,
    trailers: byName(trailers),
  };
}

function parted(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
}

function byName(all: Lines): Essence["headers"] {
  const groups = Map.groupBy(all, ([header]) => header.toLowerCase());
  return Object.fromEntries([...groups].map(([header, each]) => [header, each.map(([, text]) => text)]));
}
