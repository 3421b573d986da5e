/** One run, as it is carried out in this process, or elsewhere. */
import type { Host } from "../../host/host.ts";
import { runPlan } from "../run/run.ts";
import type { RunResult } from "../run/run.ts";
import type { Setting } from "../worlds/world.ts";
import { aboutNow } from "./commands.ts";
import type { BoundPlan } from "./plans.ts";
import type { ProgressLine } from "./progress-line.ts";

export interface Assignment {
  readonly bound: BoundPlan;
  /** Guards that are switched off, by service. */
  readonly without: ReadonlyMap<string, readonly string[]>;
  /** What the plan's name is followed by where progress is shown. */
  readonly suffix: string;
  /** The run folder. */
  readonly directory: string;
  readonly about: Readonly<Record<string, unknown>>;
}

/** Other processes, or other machines. */
export interface Elsewhere extends AsyncDisposable {
  /** May be asked for any number at once: whoever carries them out sees to it that no machine has too much to do. */
  run(assignment: Assignment): Promise<RunResult>;
  say(line: string): void;
  end(): void;
}

export interface Here {
  readonly host: Host;
  readonly setting: Setting;
  readonly signal: AbortSignal;
  readonly progress: ProgressLine;
}

export function carryOut(
  { bound, without, suffix, directory, about }: Assignment,
  { host, setting, signal, progress }: Here,
): Promise<RunResult> {
  const { plan, cell, seed } = bound;
  return runPlan({
    plan,
    cell,
    seed,
    without,
    setting,
    host,
    directory,
    about: { ...about, ...aboutNow() },
    signal,
    onHistory: (history, schedule) => progress.follow(history, schedule, suffix),
  });
}
