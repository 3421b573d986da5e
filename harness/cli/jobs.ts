/**
 * `--jobs`: several runs at a time on this machine, each in a process of its own: one event loop, one set of namespaces.
 *
 *     run.ts ── a job at a time ──► sinbin job (job.ts) ── progress, result ──► run.ts
 */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Clock } from "../../host/host.ts";
import { HarnessError } from "../errors.ts";
import type { RunResult } from "../run/run.ts";
import type { Elsewhere } from "./assignment.ts";
import { exitCodes } from "./exit.ts";
import { readMessages, writeMessage } from "./job-lines.ts";
import type { FromJob, Job, Orders } from "./job-lines.ts";
import { createLiveLine } from "./progress-line.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

export interface JobsOptions {
  readonly orders: Orders;
  /** How many at a time. */
  readonly jobs: number;
  readonly isolation: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

interface Task {
  readonly job: Job;
  readonly resolve: (result: RunResult) => void;
  readonly reject: (error: unknown) => void;
}

interface Worker {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  task: Task | undefined;
  /** What it said last of its run. */
  text: string;
  /** Resolves when it is gone. */
  over: Promise<void>;
}

/**
 * Processes are started as they are needed. Each `run` throws the signal's reason, once its process has ended, or a {@link HarnessError} if that ended by
 * itself.
 */
export function startJobs({ orders, jobs, isolation, clock, signal }: JobsOptions): Elsewhere {
  const line = createLiveLine(process.stderr, clock);
  const waiting: Task[] = [];
  const workers = new Set<Worker>();
  let given = 0;

  const stop = (): void => {
    for (const { child } of workers) child.kill("SIGTERM");
    for (const { reject } of waiting.splice(0)) reject(signal.reason);
  };
  signal.addEventListener("abort", stop);
  line.show((width) =>
    inColumns(
      [...workers].filter(({ text }) => text !== ""),
      width,
    ),
  );

  const isAlone = ({ job: { bound } }: Task): boolean => bound.plan.alone && orders.world !== "sim";
  /** Who needs the machine waits until nothing else does or runs, and has nothing beside it. */
  const next = (): Task | undefined => {
    const underWay = [...workers].flatMap(({ task }) => task ?? []);
    if (underWay.some(isAlone)) return undefined;
    const first = waiting.findIndex((task) => !isAlone(task));
    if (first < 0 && underWay.length > 0) return undefined;
    return waiting.splice(Math.max(0, first), 1)[0];
  };
  const listen = async (worker: Worker): Promise<void> => {
    const closed = once(worker.child, "close") as Promise<[number | null, string | null]>;
    for await (const message of readMessages<FromJob>(worker.child.stdout)) {
      if (message.type === "progress") {
        worker.text = message.text.trim();
        if (!process.stderr.isTTY) process.stderr.write(message.text);
        continue;
      }
      const { task } = worker;
      [worker.task, worker.text] = [undefined, ""];
      employ();
      if (message.type === "done") task?.resolve(message.result);
      else task?.reject(message.known ? new HarnessError(message.message) : new Error(message.message));
    }
    const [code, killedBy] = await closed;
    workers.delete(worker);
    const { task } = worker;
    task?.reject(signal.aborted ? signal.reason : ended(task.job, killedBy ?? code));
    employ();
  };
  const employ = (): void => {
    while (!signal.aborted) {
      const idle = [...workers].find(({ task }) => task === undefined);
      const task = idle === undefined && workers.size >= jobs ? undefined : next();
      if (task === undefined) return;
      const worker = idle ?? hire();
      worker.task = task;
      writeMessage(worker.child.stdin, task.job);
    }
  };
  const hire = (): Worker => {
    const flags = ["--world", orders.world, ...(isolation ? [] : ["--no-isolation"])];
    const child = spawn(process.execPath, [...process.execArgv, main, "job", ...flags], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    // It may die before it has read what it is told.
    child.stdin.on("error", () => {});
    const worker: Worker = { child, task: undefined, text: "", over: Promise.resolve() };
    workers.add(worker);
    writeMessage(child.stdin, orders);
    worker.over = listen(worker);
    return worker;
  };

  return {
    run(assignment) {
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
      given += 1;
      waiting.push({ job: { ...assignment, number: given }, resolve, reject });
      employ();
      return promise;
    },
    say: (text) => line.say(text),
    end: () => line.hide(),
    async [Symbol.asyncDispose]() {
      line.hide();
      signal.removeEventListener("abort", stop);
      const all = [...workers];
      for (const { child } of all) child.stdin.end();
      await Promise.all(all.map(({ over }) => over));
    },
  };
}

function inColumns(workers: readonly Worker[], width: number): string {
  const each = Math.floor(width / Math.max(1, workers.length)) - 3;
  return workers.map(({ text }) => (text.length <= each ? text : `${text.slice(0, each - 1)}…`)).join(" ┃ ");
}

function ended({ bound }: Job, how: number | string | null): Error {
  if (how === exitCodes.bug) return new Error(`the process that ran ${bound.file} met a bug: see above`);
  return new HarnessError(
    `the process that ran ${bound.file} has ended by itself (${how}); without --jobs it may say why`,
  );
}
