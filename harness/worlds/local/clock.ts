/** Virtual clocks of services on this machine: the library in front of their commands, a page each, and what it takes. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildClockLibrary, compiler } from "../../../host/clock/library.ts";
import { withVirtualClock } from "../../../host/clock/preload.ts";
import { createVirtualClock } from "../../../host/clock/virtual.ts";
import type { VirtualClock } from "../../../host/clock/virtual.ts";
import { createScaledClock } from "../../../host/real/clock.ts";
import type { ScaledClock } from "../../../host/real/clock.ts";
import { WorldError } from "../../errors.ts";
import { findExecutable } from "./executable.ts";

/** Why services can't have virtual clocks here; undefined if they can, as far as can be told without a trial. */
export function findClockHindrance(): string | undefined {
  if (process.platform !== "linux") return `virtual clocks are for Linux, and this is ${process.platform}`;
  return findExecutable(compiler, process.env["PATH"] ?? "") === undefined ? `not on the PATH: ${compiler}` : undefined;
}

/** @throws {WorldError} if the library can't be compiled. */
export async function clockLibrary(): Promise<string> {
  try {
    return await buildClockLibrary();
  } catch (error) {
    throw new WorldError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

export interface LocalClock extends AsyncDisposable {
  readonly clock: VirtualClock;
  /** The command line that gives a command this clock, and all that it starts. */
  readonly around: (command: readonly string[]) => readonly string[];
}

/** `page`: a path at which there is nothing yet. `time`: the harness's own, by which virtual clocks begin. */
export function startLocalClock({
  library,
  page,
  time,
}: {
  readonly library: string;
  readonly page: string;
  readonly time: ScaledClock;
}): LocalClock {
  const clock = createVirtualClock({
    path: page,
    time: time.trueTime,
    wait: (milliseconds, callback) => time.timer(milliseconds * time.scale, callback),
  });
  return {
    clock,
    around: (command) => withVirtualClock(command, { library, page, parent: process.pid }),
    [Symbol.asyncDispose]: () => clock[Symbol.asyncDispose](),
  };
}

const trialStepMs = 1_000_000_000;

/** Tries it, once, on a program of the machine; why it does not work. */
export async function tryClock(): Promise<string | undefined> {
  const hindrance = findClockHindrance();
  if (hindrance !== undefined) return hindrance;
  const folder = await mkdtemp(join(tmpdir(), "sinbin-clock-"));
  try {
    const library = await buildClockLibrary();
    await using trial = startLocalClock({ library, page: join(folder, "page"), time: createScaledClock({ scale: 1 }) });
    trial.clock.step({ wall: trialStepMs });
    const [file = "", ...args] = trial.around(["date", "+%s"]);
    const { stdout } = await promisify(execFile)(file, args);
    const ahead = Number(stdout) * 1000 - Date.now();
    return ahead > trialStepMs / 2 ? undefined : "a process with a preloaded library saw the machine's own clock";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
