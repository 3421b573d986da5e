/** One run in the simulated world, in memory: what hunting and shrinking do by the thousand. */
import { createHistory } from "../history/history.ts";
import type { HistoryEvent } from "../history/event.ts";
import { judge } from "../judge/judge.ts";
import type { Judgement } from "../judge/judge.ts";
import type { Plan, Written } from "../plan/schema.ts";
import { createSchedule } from "../schedule/schedule.ts";
import type { Schedule } from "../schedule/schedule.ts";
import type { Programs } from "../worlds/sim/programs.ts";
import { createSimSetting } from "../worlds/sim/setting.ts";
import { execute } from "./execute.ts";

export interface TrialOptions {
  /** Bound to the cell. */
  readonly plan: Plan;
  readonly cell: Readonly<Record<string, Written>>;
  readonly seed: number;
  /** Instead of the one that the seed gives. */
  readonly schedule?: Schedule | undefined;
  /** Guards that are switched off, by service. */
  readonly without: ReadonlyMap<string, readonly string[]>;
  readonly programs: Programs;
  readonly signal: AbortSignal;
}

export interface Trial extends Judgement {
  readonly schedule: Schedule;
  readonly events: readonly HistoryEvent[];
}

/** The same options give the same events. @throws the signal's reason. */
export async function runTrial({
  plan,
  cell,
  seed,
  without,
  programs,
  signal,
  ...given
}: TrialOptions): Promise<Trial> {
  const schedule = given.schedule ?? createSchedule(plan, { seed, cell });
  const setting = createSimSetting({ programs });
  await using history = createHistory({ clock: setting.clock, atOnce: false });
  await execute({ plan, schedule, without, setting, history, directory: "", signal });
  signal.throwIfAborted();
  return { ...judge(plan, history.events), schedule, events: history.events };
}
