/** One life of a service: from its start to its end. */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import type { Exit } from "../../../host/host.ts";
import { bareName, signalGroup } from "../../../host/real/processes.ts";
import type { Recipient, Signal } from "../../../faults/process/contract.ts";
import { WorldError } from "../../errors.ts";
import { findExecutable } from "./executable.ts";
import { createLineSplitter } from "./lines.ts";

export interface LifeOptions {
  readonly name: string;
  readonly command: readonly string[];
  /** Looked for first: in a namespace the launcher starts in any case. */
  readonly executable: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** `cut`: the line was longer than what is kept of it. */
  readonly onLine: (stream: "out" | "err", line: string, cut: boolean) => void;
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
  /** Of pauses that overlap, the last one to be lifted lets it go on. Undefined if nobody is there. */
  pause(to: Recipient): Disposable | undefined;
  /** Whatever ends it from now on, it was told to. */
  order(): void;
}

/** What asks a daemon to end. Others, such as HUP, have a meaning of their own, and whoever dies of them was not asked to. */
const requests: ReadonlySet<Signal> = new Set(["KILL", "TERM", "INT", "QUIT"]);
/** The requests that a process can answer, by an end of its own. */
const polite = ["TERM", "INT", "QUIT"] as const satisfies readonly Signal[];

/** Resolves once the process runs. @throws {WorldError} */
export async function startLife(options: LifeOptions): Promise<Life> {
  const { name, command, executable, directory, environment, onLine, onExit } = options;
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
  let told = false;
  const delivered = new Set<Signal>();
  let pauses = 0;
  const paused = new Set<Recipient>();

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
  const isOrdered = ({ code, signal }: Exit): boolean => {
    if (told) return true;
    return signal === undefined
      ? polite.some((request) => delivered.has(request) && isAnswer(code, request))
      : requests.has(signal) && delivered.has(signal);
  };
  const conclude = async (exit: Exit, ordered: boolean): Promise<void> => {
    await drain(streams.map(({ seen }) => seen));
    for (const { splitter } of streams) splitter.end();
    onExit({ ...exit, ordered });
    ended.resolve(exit);
  };
  child.once("exit", (code, signal) => {
    gone = true;
    const exit = { code: code ?? undefined, signal: bareName(signal) };
    void conclude(exit, isOrdered(exit));
  });

  const send = (signal: Signal, to: Recipient): boolean => {
    const arrived = to === "group" ? signalGroup(pid, signal) : !gone && child.kill(`SIG${signal}`);
    if (arrived) delivered.add(signal);
    return arrived;
  };

  return {
    exited: ended.promise,
    isGone: () => gone,
    signal: send,
    pause(to) {
      if (!send("STOP", to)) return undefined;
      paused.add(to);
      pauses++;
      return onceOnly(() => {
        pauses--;
        if (pauses > 0) return;
        send("CONT", paused.has("group") ? "group" : "main");
        paused.clear();
      });
    },
    order() {
      told = true;
    },
  };
}

/** With 0, or as a shell says of one that the signal has ended (143 for TERM): many daemons do so by themselves. */
function isAnswer(code: number | undefined, request: (typeof polite)[number]): boolean {
  return code === 0 || code === 128 + constants.signals[`SIG${request}`];
}

function onceOnly(work: () => void): Disposable {
  const stack = new DisposableStack();
  stack.defer(work);
  return stack;
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
