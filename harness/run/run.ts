/**
 * One plan, one cell of its matrix, one seed, in one world: from the schedule to the verdict and the run folder.
 *
 *     schedule ──► execute ──► history ──► judge ──► verdict.json
 */
import type { Host } from "../../host/host.ts";
import { Interrupted } from "../errors.ts";
import { createHistory } from "../history/history.ts";
import type { History } from "../history/history.ts";
import { judge } from "../judge/judge.ts";
import type { Judgement } from "../judge/judge.ts";
import type { Plan, Written } from "../plan/schema.ts";
import { createSchedule } from "../schedule/schedule.ts";
import type { Schedule } from "../schedule/schedule.ts";
import type { Setting } from "../worlds/world.ts";
import { execute } from "./execute.ts";
import { openFolder } from "./folder.ts";

export interface RunOptions {
  readonly plan: Plan;
  readonly cell: Readonly<Record<string, Written>>;
  readonly seed: number;
  /** Instead of the one that the seed gives. */
  readonly schedule?: Schedule | undefined;
  /** Guards that are switched off, by service. */
  readonly without: ReadonlyMap<string, readonly string[]>;
  readonly setting: Setting;
  /** The machine that sinbin itself runs on: the run folder is written there. */
  readonly host: Host;
  /** Made by this run; must not be there yet. */
  readonly directory: string;
  /** What `run.json` says of how the run came about. */
  readonly about: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  /** For live progress: the history as it grows. */
  readonly onHistory?: (history: History, schedule: Schedule) => void;
}

export interface RunResult extends Judgement {
  readonly seconds: number;
  readonly directory: string;
}

/** @throws the signal's reason if it was aborted: such a run has no verdict; if it was interrupted, its folder is removed. */
export async function runPlan(options: RunOptions): Promise<RunResult> {
  const { plan, cell, seed, without, host, directory, signal } = options;
  const { scale } = plan.time;
  const setting = scale === 1 ? options.setting : (options.setting.scaled?.(scale) ?? options.setting);
  const schedule = options.schedule ?? createSchedule(plan, { seed, cell });
  const folder = await openFolder(host, directory);
  try {
    await folder.write("plan.json", plan);
    await folder.write("schedule.json", schedule);
    const began = host.clock.monotonic();
    await folder.write("run.json", {
      ...options.about,
      plan: plan.plan,
      seed,
      cell,
      without: Object.fromEntries(without),
      world: setting.name,
    });

    const file = await folder.open("history.jsonl");
    await using history = createHistory({ clock: setting.clock, file, atOnce: setting.realTime });
    options.onHistory?.(history, schedule);
    const remains = await execute({ plan, schedule, without, setting, history, directory, signal });
    await history.flush();
    signal.throwIfAborted();

    const judgement = judge(plan, history.events);
    const result = { ...judgement, seconds: (host.clock.monotonic() - began) / 1000, directory };
    await folder.write("verdict.json", judgement);
    for (const [path, bytes] of remains()) await folder.keep(`services/${path}`, bytes);
    return result;
  } catch (error) {
    if (signal.reason instanceof Interrupted) await folder.remove();
    throw error;
  }
}
