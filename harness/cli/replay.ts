/**
 * `sinbin replay`: a recorded run again, from its folder. With the plan as it is today, or, with `--schedule`, exactly as it was planned then.
 *
 *     run folder ──► plan, schedule ──► run ──► fidelity, report, verdict before and now
 */
import { join, resolve } from "node:path";
import { createRealHost } from "../../host/real.ts";
import type { Host } from "../../host/host.ts";
import { HarnessError, UsageError, messageOf } from "../errors.ts";
import type { HistoryEvent } from "../history/event.ts";
import { bindPlan, cells } from "../plan/parse.ts";
import type { Plan } from "../plan/schema.ts";
import { readRecord } from "../replay/record.ts";
import type { RunRecord } from "../replay/record.ts";
import { renderReplay } from "../replay/report.ts";
import { isReproduced } from "../replay/reproduced.ts";
import { renderText } from "../report/text.ts";
import { runPlan } from "../run/run.ts";
import type { Schedule } from "../schedule/schedule.ts";
import type { Isolation } from "../worlds/local/isolate.ts";
import { settingsOf } from "../worlds/settings.ts";
import type { WorldName } from "../worlds/world.ts";
import { hasColours } from "./colours.ts";
import { aboutNow, aboutRun, commandOf } from "./commands.ts";
import { exitCodes } from "./exit.ts";
import { distinct, makeFolder, nameFolder, removeIfInterrupted } from "./folders.ts";
import { loadPlans } from "./plans.ts";
import { createProgressLine } from "./progress-line.ts";
import { version } from "./version.ts";
import { watchForEndlessTurns } from "./watchdog.ts";

export interface ReplayFlags {
  readonly schedule?: boolean;
  readonly out: string;
  readonly world?: WorldName;
  readonly isolation: boolean;
}

export function realHost(): Host {
  return createRealHost({ name: "sinbin", directory: process.cwd(), seed: 0 });
}

/** @throws {UsageError} if it is no run folder. */
export async function readRun(place: string): Promise<RunRecord> {
  const host = realHost();
  const directory = place.replace(/(?<=.)\/+$/, "");
  const names = await host.files.list(directory).catch(() => undefined);
  if (names === undefined) throw new UsageError(`${directory}: there is no such folder: name the folder of a run`);
  if (!names.includes("run.json")) {
    // What `sinbin run` prints last is the folder of all that it ran.
    const runs: string[] = [];
    for (const name of names) {
      const inside = await host.files.list(`${directory}/${name}`).catch((): readonly string[] => []);
      if (inside.includes("run.json")) runs.push(`${directory}/${name}`);
    }
    if (runs.length > 0) throw new UsageError(`${directory}: name one of the runs in it: ${runs.join(", ")}`);
  }
  return readRecord(host, directory, version);
}

export async function replay(
  record: RunRecord,
  flags: ReplayFlags,
  isolation: Isolation,
  signal: AbortSignal,
): Promise<number> {
  const host = realHost();
  const { run, directory } = record;
  const { seed, cell } = run;
  const world = flags.world ?? run.world;
  using watchdog = watchForEndlessTurns(world);
  void watchdog;
  const { plan, schedule, file } = flags.schedule === true ? recordedPlan(record) : await presentPlan(record);
  const createSetting = await settingsOf(world, {
    host,
    isolation,
    plans: [plan],
    onProgress: (line) => console.error(line),
    signal,
  });
  const folder = nameFolder(flags.out);
  const made = await makeFolder(folder, flags.out);
  using kept = removeIfInterrupted({ folder, out: flags.out, made }, signal);
  void kept;
  const [name = ""] = distinct([plan.plan]);
  const progress = createProgressLine(process.stderr, host.clock, { of: 1, world });
  if (world === "local" && !isolation.isolated) progress.say(`without namespaces of its own: ${isolation.reason}`);
  let events: readonly HistoryEvent[] = [];
  let result;
  try {
    result = await runPlan({
      plan,
      cell,
      seed,
      schedule,
      without: new Map(Object.entries(run.without)),
      setting: createSetting(),
      host,
      directory: resolve(join(folder, name)),
      about: { ...aboutRun(file), ...aboutNow(), replayOf: directory },
      signal,
      onHistory(history, planned) {
        ({ events } = history);
        progress.follow(history, planned, " again");
      },
    });
  } finally {
    progress.end();
  }

  const command = commandOf("replay", directory, [
    ...(flags.schedule === true ? ["--schedule"] : []),
    ...(world === run.world ? [] : [`--world ${world}`]),
    ...(flags.isolation ? [] : ["--no-isolation"]),
  ]);
  const reported = {
    ...result,
    plan: plan.plan,
    file,
    cell,
    seed,
    world,
    replay: command,
    controls: [],
  };
  const report = { runs: [reported], skipped: [], lost: [], subjects: [], seconds: result.seconds };
  process.stdout.write(renderText(report, { colour: hasColours() }));
  process.stdout.write(
    renderReplay({
      directory,
      before: record,
      now: { ...result, events },
      exact: world === "sim" && run.world === "sim",
      changed: JSON.stringify(plan.document) !== JSON.stringify(record.plan.document),
    }),
  );
  if (!isReproduced(record, result)) return exitCodes.unknown;
  return record.verdict === "pass" ? exitCodes.pass : exitCodes.fail;
}

interface Replayed {
  readonly plan: Plan;
  readonly schedule: Schedule | undefined;
  readonly file: string;
}

function recordedPlan({ plan, schedule, run, directory }: RunRecord): Replayed {
  return { plan, schedule, file: run.file ?? `${directory}/plan.json` };
}

/** @throws {UsageError} if the plan has gone, is wrong by now, or has no such cell or guard any more. */
async function presentPlan({ run, directory }: RunRecord): Promise<Replayed> {
  const { file, seed, cell, without } = run;
  const instead = `to run what was recorded: ${commandOf("replay", directory, ["--schedule"])}`;
  if (file === undefined)
    throw new UsageError(`${directory}: faults were mixed into this run, and its plan is in no file; ${instead}`);
  const [loaded] = await loadPlans([file]).catch((error: unknown) => {
    if (!(error instanceof HarnessError)) throw error;
    throw new UsageError(`${messageOf(error)}\n${instead}`, { cause: error });
  });
  if (loaded === undefined) throw new UsageError(`${file}: there is no plan; ${instead}`);
  const text = JSON.stringify(cell);
  if (!cells(loaded.plan).some((each) => JSON.stringify(each) === text))
    throw new UsageError(`${file} has no cell ${text} in its matrix any more; ${instead}`);
  for (const service of Object.keys(without))
    if (loaded.plan.services[service] === undefined)
      throw new UsageError(`${file} has no service ${service} any more, whose guards were switched off; ${instead}`);
  return { plan: bindPlan(loaded.plan, { seed, cell, params: {} }), schedule: undefined, file };
}
