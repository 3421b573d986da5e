/** One life of a service: from its start to its end. */
import { spawn } from "node:child_process";
import type { Exit } from "../../../host/host.ts";
import { bareName, signalGroup } from "../../../host/real/processes.ts";
import type { Recipient, Signal } from "../../../faults/process/contract.ts";
import { WorldError } from "../../errors.ts";
import { createLineSplitter } from "./lines.ts";

export interface LifeOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly onLine: (stream: "out" | "err", line: string) => void;
  /** After its last line. */
  readonly onExit: (exit: Exit & { readonly ordered: boolean }) => void;
}

export interface Life {
  /** Resolves after `onExit`. */
  readonly exited: Promise<Exit>;
  /** True as soon as it has ended, which is before `exited`. */
  isGone(): boolean;
  /** False if nobody is there. */
  signal(signal: Signal, to: Recipient): boolean;
  /** Whatever ends it from now on, it was told to. */
  order(): void;
}

/** A daemon that was asked to end gets this long until its end counts as its own doing. */
const obedienceMs = 5000;
const requests: ReadonlySet<Signal> = new Set(["KILL", "TERM", "INT", "QUIT"]);

/** Resolves once the process runs. @throws {WorldError} */
export async function startLife(options: LifeOptions): Promise<Life> {
  const { name, command, directory, environment, onLine, onExit } = options;
  const [file = "", ...args] = command;
  // A session of its own: a terminal's signals are the harness's to hand on.
  const child = spawn(file, args, {
    cwd: directory,
    env: environment,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let gone = false;
  let orderedUntil = -Infinity;

  const streams = (
    [
      ["out", child.stdout],
      ["err", child.stderr],
    ] as const
  ).map(([stream, readable]) => {
    const splitter = createLineSplitter((line) => onLine(stream, line));
    const seen = { chunks: 0 };
    readable.on("data", (chunk: Buffer) => {
      seen.chunks++;
      splitter.feed(chunk);
    });
    return { seen, splitter };
  });

  const ended = Promise.withResolvers<Exit>();
  const conclude = async (exit: Exit, ordered: boolean): Promise<void> => {
    await drain(streams.map(({ seen }) => seen));
    for (const { splitter } of streams) splitter.end();
    onExit({ ...exit, ordered });
    ended.resolve(exit);
  };
  child.once("exit", (code, signal) => {
    gone = true;
    void conclude({ code: code ?? undefined, signal: bareName(signal) }, performance.now() < orderedUntil);
  });

  const spawned = Promise.withResolvers<void>();
  child.once("spawn", spawned.resolve).once("error", spawned.reject);
  try {
    await spawned.promise;
  } catch (error) {
    throw new WorldError(`${name} can't be started: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const { pid } = child;
  if (pid === undefined) throw new Error("a process that was spawned has an id");

  return {
    exited: ended.promise,
    isGone: () => gone,
    signal(signal, to) {
      if (requests.has(signal)) orderedUntil = Math.max(orderedUntil, performance.now() + obedienceMs);
      if (to === "group") return signalGroup(pid, signal);
      return !gone && child.kill(`SIG${signal}`);
    },
    order() {
      orderedUntil = Infinity;
    },
  };
}

/** The first may pass without a look at the pipes. */
const turnsWithoutNews = 3;

/**
 * What a process wrote before it ended is in the pipes by then, and turns of the event loop without news show that they are empty. Waiting for
 * their end would not do: a child that outlives the process may hold them open.
 */
async function drain(streams: readonly { readonly chunks: number }[]): Promise<void> {
  const count = (): number => streams.reduce((sum, { chunks }) => sum + chunks, 0);
  for (let quiet = 0, before = count(); quiet < turnsWithoutNews; before = count()) {
    await new Promise((resolve) => setImmediate(resolve));
    quiet = count() === before ? quiet + 1 : 0;
  }
}
