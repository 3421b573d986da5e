/** A virtual clock, and processes that have it. */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildClockLibrary } from "./library.ts";
import { withVirtualClock } from "./preload.ts";
import { createVirtualClock } from "./virtual.ts";
import type { Look, VirtualClock } from "./virtual.ts";

export interface Watched {
  /** The next line of its output. */
  line(): Promise<string>;
  /** All lines that are left, once it has ended well. @throws {Error} if it has not. */
  rest(): Promise<readonly string[]>;
  /** Ends its standard input. */
  endInput(): void;
}

export interface Stage extends AsyncDisposable {
  readonly clock: VirtualClock;
  /** Resolves once a process has looked at what is in force now. */
  seen(look: Look): Promise<void>;
  start(command: string, ...args: readonly string[]): Watched;
  /** Its output, once it has ended well. */
  run(command: string, ...args: readonly string[]): Promise<readonly string[]>;
}

export async function startStage({
  scale = 1,
  env = {},
}: { readonly scale?: number; readonly env?: NodeJS.ProcessEnv } = {}): Promise<Stage> {
  await using starting = new AsyncDisposableStack();
  const library = await buildClockLibrary();
  const folder = await mkdtemp(join(tmpdir(), "sinbin-clock-"));
  starting.defer(() => rm(folder, { recursive: true, force: true }));
  const page = join(folder, "page");
  const began = { raw: process.hrtime.bigint(), wall: BigInt(Date.now()) * 1_000_000n };
  const clock = starting.use(
    createVirtualClock({
      path: page,
      time: {
        scale,
        wallAt: (raw) => began.wall + (raw - began.raw) * BigInt(scale),
        monotonicAt: (raw) => began.raw + (raw - began.raw) * BigInt(scale),
      },
      wait(milliseconds, callback) {
        const timeout = setTimeout(callback, milliseconds);
        return { [Symbol.dispose]: () => clearTimeout(timeout) };
      },
    }),
  );
  const stack = starting.move();

  const start = (command: string, ...args: readonly string[]): Watched => {
    const [file = "", ...words] = withVirtualClock([command, ...args], { library, page, parent: process.pid });
    const child = spawn(file, words, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
    stack.defer(() => void child.kill("SIGKILL"));
    const ended = Promise.withResolvers<void>();
    ended.promise.catch(() => {});
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
    const said: string[] = [];
    child.once("error", ended.reject).once("close", (code, signal) => {
      if (code === 0) ended.resolve();
      else ended.reject(new Error(`${command} ended with ${signal ?? code}: ${said.join(" ")} ${complaint}`));
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<string | undefined> => {
      const { value, done } = await lines.next();
      if (done !== true) said.push(value);
      return done === true ? undefined : value;
    };
    return {
      async line() {
        const line = await next();
        if (line !== undefined) return line;
        await ended.promise;
        throw new Error(`${command} has nothing more to say`);
      },
      async rest() {
        const all: string[] = [];
        for (let line = await next(); line !== undefined; line = await next()) all.push(line);
        await ended.promise;
        return all;
      },
      endInput: () => child.stdin.end(),
    };
  };
  return {
    clock,
    seen: (look) => new Promise((resolve) => clock.onSeen(look, resolve)),
    start,
    run: (command, ...args) => start(command, ...args).rest(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A program of the tests in C. */
export async function compileFixture(name: string, folder: string, ...flags: readonly string[]): Promise<string> {
  const path = join(folder, name);
  const source = fileURLToPath(new URL(`fixtures/${name}.c`, import.meta.url));
  await promisify(execFile)("cc", ["-O2", "-pthread", ...flags, "-o", path, source]);
  return path;
}
