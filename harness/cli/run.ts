/** `sinbin run`: every plan, every cell of its matrix, and with `--controls` each of them again with guards switched off. */
import { randomBytes } from "node:crypto";
import { access, constants, mkdir, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { createRealHost } from "../../host/real.ts";
import type { Host } from "../../host/host.ts";
import { HarnessError, Interrupted, UsageError } from "../errors.ts";
import { judgeControl } from "../judge/control.ts";
import type { Control } from "../plan/schema.ts";
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
import { exitCodes } from "./exit.ts";
import { bindCells, cellText, loadPlans } from "./plans.ts";
import type { BoundPlan, CellValue } from "./plans.ts";
import { createProgressLine } from "./progress-line.ts";
import type { ProgressLine } from "./progress-line.ts";
import { version } from "./version.ts";

export interface RunFlags {
  readonly world: WorldName;
  readonly seed?: number;
  readonly cell?: readonly CellValue[];
  readonly out: string;
  readonly junit?: string;
  readonly controls?: boolean;
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
  const host = createRealHost({ name: "sinbin", directory: process.cwd(), seed: 0 });
  const plans = await loadPlans(places);
  const createSetting = await settingsOf(flags.world, { host, isolation, plans: plans.map(({ plan }) => plan) });
  const loaded = plans.map((each) => ({
    ...each,
    lack: flags.available === true ? lackOf(each.plan, createSetting()) : undefined,
  }));
  const chosen = loaded.filter(({ lack }) => lack === undefined).flatMap((each) => bindCells(each, flags));
  const skipped = loaded.flatMap(({ plan, lack }) => (lack === undefined ? [] : [{ plan: plan.plan, reason: lack }]));
  const began = host.clock.monotonic();
  const stamp = new Date(host.clock.wall()).toISOString().slice(0, 19).replaceAll(":", "-");
  const suite: Suite = {
    host,
    flags,
    createSetting,
    folder: join(flags.out, `${stamp}-${randomBytes(3).toString("hex")}`),
    signal,
    progress: createProgressLine(
      process.stderr,
      host.clock,
      flags.controls === true ? countWithControls(chosen) : chosen.length,
    ),
  };
  if (flags.junit !== undefined) await expectWritable(flags.junit);
  const made = chosen.length > 0 ? await makeFolder(suite) : undefined;
  if (flags.world === "local" && !isolation.isolated)
    suite.progress.say(`without namespaces of its own: ${isolation.reason}`);

  const runs: ReportedRun[] = [];
  let broken: { readonly error: unknown } | undefined;
  try {
    const names = distinct(chosen.map(({ plan, cell }) => [plan.plan, ...Object.values(cell).map(cellText)].join("-")));
    for (const [n, each] of chosen.entries()) runs.push(await runOne(suite, each, join(suite.folder, names[n] ?? "")));
  } catch (error) {
    broken = { error };
  }
  suite.progress.end();
  if (signal.reason instanceof Interrupted) {
    await host.files.remove(suite.folder);
    // The folder of all runs, if it is ours too and nobody else's run is in it.
    if (made !== undefined && resolve(made) === resolve(flags.out)) await rmdir(made).catch(() => {});
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
  return exitCodes[verdictOf(report)];
}

function countWithControls(plans: readonly BoundPlan[]): number {
  return plans.reduce((count, { plan }) => count + 1 + plan.controls.length, 0);
}

/** Names for folders side by side: plans and cells may share a name, or differ only in what a folder's name can't have. */
function distinct(names: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const plain = name.replaceAll(/[^\w.-]+/g, "_");
    let free = plain;
    // Some file systems take `A` and `a` for one name.
    for (let n = 2; taken.has(free.toLowerCase()); n++) free = `${plain}-${n}`;
    taken.add(free.toLowerCase());
    return free;
  });
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
  const { host, signal, progress, createSetting } = suite;
  return runPlan({
    plan,
    cell,
    seed,
    without: new Map(control === undefined ? [] : [[control.service, control.without]]),
    setting: createSetting(),
    host,
    directory: resolve(directory),
    about: {
      sinbin: version,
      command: process.argv.slice(2).join(" "),
      began: new Date().toISOString(),
      file,
      ...(control === undefined ? {} : { control }),
      isolated: process.env["SINBIN_ISOLATED"] === "1",
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      pid: process.pid,
    },
    signal,
    onHistory: (history, schedule) =>
      progress.follow(history, schedule, control === undefined ? "" : ` without ${control.without.join(", ")}`),
  });
}

/** The command that runs just this again. */
function replayOf({ flags }: Suite, { file, seed, cell }: BoundPlan, controls: boolean): string {
  return [
    "npx sinbin run",
    quoted(relative(process.cwd(), file)),
    `--world ${flags.world} --seed ${seed}`,
    ...Object.entries(cell).map(([name, value]) => `--cell ${quoted(`${name}=${cellText(value)}`)}`),
    ...(controls ? ["--controls"] : []),
    ...(flags.isolation ? [] : ["--no-isolation"]),
  ].join(" ");
}

/** As a shell reads it. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Resolves with the first folder that had to be made, if any had. */
async function makeFolder({ folder, flags }: Suite): Promise<string | undefined> {
  try {
    return await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new UsageError(`--out ${flags.out}: name a folder that can be written (${messageOf(error)})`, {
      cause: error,
    });
  }
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
