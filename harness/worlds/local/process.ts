/** One life of a service as a process of this machine. */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import type { Exit } from "../../../host/host.ts";
import { bareName } from "../../../host/real/processes.ts";
import { WorldError } from "../../errors.ts";
import { createOrders } from "../life.ts";
import type { Life, LifeEvents } from "../life.ts";
import { findExecutable } from "./executable.ts";
import type { Freezer } from "./freezer.ts";
import type { Found } from "./marked.ts";
import { createLineSplitter } from "../lines.ts";
import { createSignalling } from "./signalling.ts";

export interface LifeOptions extends LifeEvents {
  readonly name: string;
  readonly command: readonly string[];
  /** Looked for first: in a namespace the launcher starts in any case. */
  readonly executable: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** All processes of the service. */
  readonly tree: () => readonly Found[];
  /** What may keep it from going on. */
  readonly freezer?: Pick<Freezer, "resume">;
}

export interface LocalLife extends Life {
  readonly pid: number;
  /** Whether a pause or a signal has stopped a process, and nothing has let it go on. */
  holds(found: Found): boolean;
}

/** Resolves once the process runs. @throws {WorldError} */
export async function startLife(options: LifeOptions): Promise<LocalLife> {
  const { name, command, executable, directory, environment, tree, freezer, onLine, onExit } = options;
  if (findExecutable(executable, environment["PATH"] ?? "", directory) === undefined) {
    const where = executable.includes("/") ? "no such file that can be executed" : "no such command on the PATH";
    throw new WorldError(`${name} can't be started: there is ${where}: ${executable}`);
  }
  const [file = "", ...args] = command;
  let child: ChildProcessByStdio<null, Readable, Readable>;
  try {
    // A session of its own: a terminal's signals are the harness's to hand on.
    child = spawn(file, args, { cwd: directory, env: environment, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    await once(child, "spawn");
  } catch (error) {
    throw new WorldError(`${name} can't be started: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const { pid } = child;
  if (pid === undefined) throw new Error("a process that was spawned has an id");
  // A signal that is refused; that it did not arrive is what `kill` returns.
  child.on("error", () => {});
  let gone = false;
  const orders = createOrders();

  const streams = (
    [
      ["out", child.stdout],
      ["err", child.stderr],
    ] as const
  ).map(([stream, readable]) => {
    const splitter = createLineSplitter((line, cut) => onLine(stream, line, cut));
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
    const exit = { code: code ?? undefined, signal: bareName(signal) };
    void conclude(exit, orders.isOrdered(exit));
  });

  const signalling = createSignalling({
    pid,
    isGone: () => gone,
    tree,
    toMain: (each) => child.kill(`SIG${each}`),
    freezer,
  });

  return {
    pid,
    holds: (found) => signalling.holds(found),
    exited: ended.promise,
    isGone: () => gone,
    async signal(signal, to) {
      const arrived = signalling.signal(signal, to);
      if (arrived) orders.delivered(signal);
      return arrived;
    },
    async pause(to) {
      const paused = signalling.pause(to);
      return paused && { [Symbol.asyncDispose]: async () => paused[Symbol.dispose]() };
    },
    order: () => orders.tell(),
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
