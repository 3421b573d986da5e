/** `sinbin run`: every plan, every cell of its matrix, and with `--controls` each of them again with guards switched off. */
import { access, constants, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { createRealHost } from "../../host/real.ts";
import type { Host } from "../../host/host.ts";
import { HarnessError, Interrupted, messageOf, UsageError } from "../errors.ts";
import { judgeControl } from "../judge/control.ts";
import type { Control, Plan } from "../plan/schema.ts";
import { firstDifference, renderDifference } from "../replay/compare.ts";
import { readRecord } from "../replay/record.ts";
import { renderJunit } from "../report/junit.ts";
import { titleOf, verdictOf } from "../report/report.ts";
import type { Report, ReportedControl, ReportedRun } from "../report/report.ts";
import { renderText } from "../report/text.ts";
import { runPlan } from "../run/run.ts";
import type { RunResult } from "../run/run.ts";
import type { Isolation } from "../worlds/local/isolate.ts";
import { lackOf } from "../worlds/needs.ts";
import { settingsOf } from "../worlds/settings.ts";
import type { Setting, WorldName } from "../worlds/world.ts";
import { aboutRun, cellFlags, commandOf } from "./commands.ts";
import { exitCodes } from "./exit.ts";
import { distinct, makeFolder, nameFolder, removeOut } from "./folders.ts";
import { bindCells, cellText, loadPlans } from "./plans.ts";
import type { BoundPlan, CellValue } from "./plans.ts";
import { createLiveLine, createProgressLine } from "./progress-line.ts";
import type { ProgressLine } from "./progress-line.ts";
import { version } from "./version.ts";
import { watchForEndlessTurns } from "./watchdog.ts";
import { withoutFlags, withoutOf } from "./without.ts";
import type { SwitchedOff } from "./without.ts";

export interface RunFlags {
  readonly world: WorldName;
  readonly seed?: number;
  readonly cell?: readonly CellValue[];
  readonly out: string;
  readonly junit?: string;
  readonly controls?: boolean;
  readonly without?: readonly SwitchedOff[];
  readonly twice?: boolean;
  readonly available?: boolean;
  readonly isolation: boolean;
}

interface Suite {
  readonly host: Host;
  readonly flags: RunFlags;
  /** A new one for each run. */
  readonly createSetting: () => Setting;
  /** The folder of this command's runs. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly progress: ProgressLine;
}

export async function run(
  places: readonly string[],
  flags: RunFlags,
  isolation: Isolation,
  signal: AbortSignal,
): Promise<number> {
  if (flags.twice === true && flags.world !== "sim")
    throw new UsageError("--twice: add --world sim; on a real machine no two histories are the same");
  using watchdog = watchForEndlessTurns(flags.world);
  void watchdog;
  const host = createRealHost({ name: "sinbin", directory: process.cwd(), seed: 0 });
  const plans = await loadPlans(places);
  for (const { plan } of plans) withoutOf(plan, flags.without);
  let progress: ProgressLine | undefined;
  const createSetting = await settingsOf(flags.world, {
    host,
    isolation,
    plans: plans.map(({ plan }) => plan),
    onProgress: (line) => (progress ?? createLiveLine(process.stderr, host.clock)).say(line),
  });
  const loaded = plans.map((each) => ({
    ...each,
    lack: flags.available === true ? lackOf(each.plan, createSetting()) : undefined,
  }));
  const chosen = loaded.filter(({ lack }) => lack === undefined).flatMap((each) => bindCells(each, flags));
  const skipped = loaded.flatMap(({ plan, lack }) => (lack === undefined ? [] : [{ plan: plan.plan, reason: lack }]));
  const began = host.clock.monotonic();
  const suite: Suite = {
    host,
    flags,
    createSetting,
    folder: nameFolder(flags.out),
    signal,
    progress: createProgressLine(process.stderr, host.clock, {
      of: flags.controls === true ? countWithControls(chosen) : chosen.length,
      world: flags.world,
    }),
  };
  ({ progress } = suite);
  if (flags.junit !== undefined) await expectWritable(flags.junit);
  const made = chosen.length > 0 ? await makeFolder(suite.folder, flags.out) : undefined;
  if (flags.world === "local" && !isolation.isolated)
    suite.progress.say(`without namespaces of its own: ${isolation.reason}`);

  const runs: ReportedRun[] = [];
  const differences: string[] = [];
  let broken: { readonly error: unknown } | undefined;
  try {
    const names = distinct(chosen.map(({ plan, cell }) => [plan.plan, ...Object.values(cell).map(cellText)].join("-")));
    for (const [n, each] of chosen.entries()) {
      const folder = join(suite.folder, names[n] ?? "");
      runs.push(await runOne(suite, each, folder));
      if (flags.twice === true) differences.push(...(await runAgain(suite, each, folder)));
    }
  } catch (error) {
    broken = { error };
  }
  suite.progress.end();
  if (signal.reason instanceof Interrupted) {
    await host.files.remove(suite.folder);
    await removeOut(flags.out, made);
    throw signal.reason;
  }

  const lost = chosen.slice(runs.length).map(({ plan, cell }) => titleOf({ plan: plan.plan, cell }));
  const report: Report = { runs, skipped, lost, seconds: (host.clock.monotonic() - began) / 1000 };
  process.stdout.write(renderText(report, { colour: process.stdout.isTTY && process.env["NO_COLOR"] === undefined }));
  if (chosen.length > 0) process.stdout.write(`run folders: ${suite.folder}\n`);
  try {
    if (flags.junit !== undefined) await write(flags.junit, renderJunit(report));
  } catch (error) {
    // What broke first is what counts.
    broken ??= { error };
  }
  if (broken !== undefined) throw broken.error;
  if (flags.twice === true) process.stdout.write(sayDifferences(differences, runs.length));
  return differences.length > 0 ? exitCodes.fail : exitCodes[verdictOf(report)];
}

/** The same run in a folder below the first one's, and how their histories differ, in lines. */
async function runAgain(suite: Suite, bound: BoundPlan, folder: string): Promise<readonly string[]> {
  await runInFolder(suite, bound, join(folder, "again"));
  const [one, other] = await Promise.all(
    [folder, join(folder, "again")].map((directory) => readRecord(suite.host, directory, version)),
  );
  const difference = firstDifference(one?.events ?? [], other?.events ?? []);
  if (difference === undefined) return [];
  return [bound.file, ...renderDifference(difference, ["first", "again"]).map((line) => `  ${line}`)];
}

function sayDifferences(differences: readonly string[], runs: number): string {
  if (differences.length === 0) return `the same twice, byte for byte: ${runs} of ${runs}\n`;
  return `not the same twice:\n${differences.map((line) => `${line}\n`).join("")}`;
}

function countWithControls(plans: readonly BoundPlan[]): number {
  return plans.reduce((count, { plan }) => count + 1 + plan.controls.length, 0);
}

async function runOne(suite: Suite, bound: BoundPlan, folder: string): Promise<ReportedRun> {
  const { plan, cell, seed } = bound;
  const result = await runInFolder(suite, bound, folder);
  const controls: ReportedControl[] = [];
  if (suite.flags.controls === true) {
    const names = distinct(
      plan.controls.map(({ service, without }) => `control-${service}-without-${without.join("+")}`),
    );
    for (const [n, control] of plan.controls.entries()) {
      controls.push(await runControl(suite, bound, control, join(folder, names[n] ?? "")));
    }
  }
  const reported: ReportedRun = {
    ...result,
    plan: plan.plan,
    cell,
    seed,
    world: suite.flags.world,
    replay: replayOf(suite, bound, false),
    controls,
  };
  await write(
    join(folder, "junit.xml"),
    renderJunit({ runs: [reported], skipped: [], lost: [], seconds: result.seconds }),
  );
  return reported;
}

async function runControl(suite: Suite, bound: BoundPlan, control: Control, folder: string): Promise<ReportedControl> {
  const result = await runInFolder(suite, bound, folder, control);
  return {
    ...judgeControl(control, result),
    control,
    seconds: result.seconds,
    directory: result.directory,
    replay: replayOf(suite, bound, true),
  };
}

function runInFolder(
  suite: Suite,
  { file, plan, cell, seed }: BoundPlan,
  directory: string,
  control?: Control,
): Promise<RunResult> {
  const { host, signal, progress, createSetting, flags } = suite;
  return runPlan({
    plan,
    cell,
    seed,
    without: withoutIn(plan, flags.without, control),
    setting: createSetting(),
    host,
    directory: resolve(directory),
    about: {
      ...aboutRun(file),
      ...(control === undefined ? {} : { control }),
      isolated: process.env["SINBIN_ISOLATED"] === "1",
    },
    signal,
    onHistory: (history, schedule) =>
      progress.follow(history, schedule, control === undefined ? "" : ` without ${control.without.join(", ")}`),
  });
}

/** What the command line switches off, and what the control does. */
function withoutIn(plan: Plan, switchedOff: readonly SwitchedOff[] | undefined, control: Control | undefined) {
  const without = new Map(withoutOf(plan, switchedOff));
  if (control !== undefined)
    without.set(control.service, [...new Set([...(without.get(control.service) ?? []), ...control.without])]);
  return without;
}

/** The command that runs just this again. */
function replayOf({ flags }: Suite, { file, seed, cell }: BoundPlan, controls: boolean): string {
  return commandOf("run", file, [
    `--world ${flags.world} --seed ${seed}`,
    ...withoutFlags(flags.without),
    ...cellFlags(cell),
    ...(controls ? ["--controls"] : []),
    ...(flags.isolation ? [] : ["--no-isolation"]),
  ]);
}

/** Before anything is started: whoever waited for all the runs wants their results. */
async function expectWritable(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  try {
    if (found?.isDirectory() === true) throw new Error("this is a folder");
    await access(found === undefined ? dirname(file) : file, constants.W_OK);
  } catch (error) {
    throw new UsageError(`--junit ${file}: name a file that can be written (${messageOf(error)})`, { cause: error });
  }
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new HarnessError(`${file} could not be written: is the disk full? (${messageOf(error)})`, { cause: error });
  }
}
