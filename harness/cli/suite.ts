/** The runs of one command: every plan, every cell of its matrix, and with `--controls` each of them again with guards switched off. */
import { access, constants, stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join, normalize, resolve } from "node:path";
import { createRealHost } from "../../host/real.ts";
import type { Host } from "../../host/host.ts";
import { HarnessError, Interrupted, messageOf, UsageError } from "../errors.ts";
import { judgeControl, withoutBy } from "../judge/control.ts";
import type { Control, Plan } from "../plan/schema.ts";
import { firstDifference, renderDifference } from "../replay/compare.ts";
import { readRecord } from "../replay/record.ts";
import { renderJunit } from "../report/junit.ts";
import { titleOf } from "../report/report.ts";
import type { Report, ReportedControl, ReportedRun } from "../report/report.ts";
import type { RunResult } from "../run/run.ts";
import type { Isolation } from "../worlds/local/isolate.ts";
import { lackOf } from "../worlds/needs.ts";
import { settingsOf } from "../worlds/settings.ts";
import type { Setting, WorldName } from "../worlds/world.ts";
import { carryOut } from "./assignment.ts";
import type { Elsewhere } from "./assignment.ts";
import { aboutRun, cellFlags, commandOf } from "./commands.ts";
import { distinct, makeFolder, nameFolder, removeIfInterrupted } from "./folders.ts";
import { bindCells, cellText, loadPlans, warningsIn } from "./plans.ts";
import type { BoundPlan, CellValue, LoadedPlan } from "./plans.ts";
import { createLiveLine, createProgressLine } from "./progress-line.ts";
import type { ProgressLine } from "./progress-line.ts";
import type { SwarmFlags } from "./swarm-flags.ts";
import { version } from "./version.ts";
import { watchForEndlessTurns } from "./watchdog.ts";
import { withoutFlags, withoutOf } from "./without.ts";
import type { SwitchedOff } from "./without.ts";

export interface RunFlags extends SwarmFlags {
  readonly world: WorldName;
  readonly seed?: number;
  readonly cell?: readonly CellValue[];
  readonly out: string;
  readonly junit?: string;
  /** Of all plans, or of those in these files. */
  readonly controls?: boolean | readonly string[];
  readonly without?: readonly SwitchedOff[];
  readonly twice?: boolean;
  readonly available?: boolean;
  readonly nightly?: boolean;
  readonly jobs?: number;
  readonly isolation: boolean;
}

/** In virtual time, a run waits for nothing but a core; where time is real, whether one disturbs another is for the user to say. */
export function jobsOf({ jobs, world }: Pick<RunFlags, "jobs" | "world">): number {
  return jobs ?? (world === "sim" ? availableParallelism() : 1);
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
  /** Runs are carried out there, and not in this process. */
  readonly elsewhere: Elsewhere | undefined;
}

/** What came of them. */
export interface SuiteResult {
  readonly report: Report;
  /** Where the run folders are; undefined if nothing was run. */
  readonly folder: string | undefined;
  /** With `--twice`: how histories differ, in lines. */
  readonly differences: readonly string[];
  /** Why sinbin could not go on: for whoever asked to throw, once the report is written. */
  readonly broken: { readonly error: unknown } | undefined;
}

/** @throws the signal's reason if it was interrupted before any run had ended; then nothing is left. */
export async function runSuite(
  places: readonly string[],
  flags: RunFlags,
  isolation: Isolation,
  signal: AbortSignal,
): Promise<SuiteResult> {
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
    signal,
  });
  const named = new Set(places.map((place) => normalize(place)));
  /** Why it is left out: it takes long, or this machine lacks something. */
  const lackIn = ({ file, plan }: LoadedPlan): string | undefined => {
    const isForNights = plan.tier[flags.world] === "nightly" && flags.nightly !== true && !named.has(file);
    if (isForNights) return `its tier in ${flags.world} is nightly: name its file, or write --nightly`;
    return flags.available === true ? lackOf(plan, createSetting()) : undefined;
  };
  const loaded = plans.map((each) => ({ ...each, lack: lackIn(each) }));
  const chosen = loaded.filter(({ lack }) => lack === undefined).flatMap((each) => bindCells(each, flags));
  const skipped = loaded.flatMap(({ plan, lack }) => (lack === undefined ? [] : [{ plan: plan.plan, reason: lack }]));
  const began = host.clock.monotonic();
  const of = chosen.reduce((count, { file, plan }) => count + 1 + controlsOf(plan, file, flags).length, 0);
  const here = {
    host,
    flags,
    createSetting,
    folder: nameFolder(flags.out),
    signal,
    progress: createProgressLine(process.stderr, host.clock, { of, world: flags.world }),
  };
  if (flags.junit !== undefined) await expectWritable(flags.junit);
  await using elsewhere = await elsewhereFor(flags, { host, plans: chosen, of, signal });
  const suite: Suite = { ...here, elsewhere };
  ({ progress } = suite);
  const made = chosen.length > 0 ? await makeFolder(suite.folder, flags.out) : undefined;
  /** Names of folders. */
  const ended = new Set<string>();
  using kept = removeIfInterrupted({ folder: suite.folder, out: flags.out, made, ended }, signal);
  void kept;
  if (flags.world === "local" && !isolation.isolated && flags.on === undefined)
    suite.progress.say(`without namespaces of its own: ${isolation.reason}`);
  // Virtual time waits for whoever is slow, and no other world scales it.
  if (flags.world === "local") for (const warning of warningsIn(chosen)) suite.progress.say(warning);

  const done = new Map<BoundPlan, ReportedRun>();
  const differences: string[] = [];
  let broken: { readonly error: unknown } | undefined;
  try {
    const names = distinct(chosen.map(({ plan, cell }) => [plan.plan, ...Object.values(cell).map(cellText)].join("-")));
    await forAll(suite, chosen, async (each, n) => {
      const name = names[n] ?? "";
      const folder = join(suite.folder, name);
      const result = await runOne(suite, each, folder);
      if (flags.twice === true) differences.push(...(await runAgain(suite, each, folder)));
      done.set(each, result);
      ended.add(name);
    });
  } catch (error) {
    broken = { error };
  }
  (elsewhere ?? suite.progress).end();
  const isInterrupted = signal.reason instanceof Interrupted;
  if (isInterrupted && done.size === 0) throw signal.reason;

  const runs = chosen.flatMap((each) => done.get(each) ?? []);
  const lost = chosen
    .filter((each) => !done.has(each))
    .map(({ plan, cell }) => ({
      title: titleOf({ plan: plan.plan, cell }),
      reason: isInterrupted ? "interrupted" : "sinbin could not go on",
    }));
  const report: Report = {
    runs,
    skipped,
    lost,
    subjects: flags.controls === true ? subjectsOf(chosen) : [],
    seconds: (host.clock.monotonic() - began) / 1000,
  };
  try {
    if (flags.junit !== undefined) await write(flags.junit, renderJunit(report));
  } catch (error) {
    // What broke first is what counts.
    broken ??= { error };
  }
  return { report, folder: chosen.length > 0 ? suite.folder : undefined, differences, broken };
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

/** Whatever the plans put to the test, with all that it guards itself with. */
function subjectsOf(plans: readonly BoundPlan[]): Report["subjects"] {
  const found = new Map<string, readonly string[]>();
  for (const { plan } of plans)
    for (const { subject } of Object.values(plan.services)) {
      const guards = Object.keys(subject?.guards ?? {});
      if (subject !== undefined && guards.length > 0) found.set(subject.subject, guards);
    }
  return [...found].map(([subject, guards]) => ({ subject, guards }));
}

/** Those that are wanted. */
function controlsOf(plan: Plan, file: string, { controls = false }: RunFlags): readonly Control[] {
  const isWanted = typeof controls === "boolean" ? controls : controls.some((each) => normalize(each) === file);
  return isWanted ? plan.controls : [];
}

/** One after the other here. Elsewhere, all at once; then what broke first is thrown at the end. */
async function forAll<Item>(
  { elsewhere }: Suite,
  items: readonly Item[],
  work: (item: Item, n: number) => Promise<void>,
): Promise<void> {
  if (elsewhere === undefined) {
    for (const [n, item] of items.entries()) await work(item, n);
    return;
  }
  const all = await Promise.allSettled(items.map(work));
  const broken = all.find((each) => each.status === "rejected");
  if (broken !== undefined) throw broken.reason;
}

interface ElsewhereFor {
  readonly host: Host;
  readonly plans: readonly BoundPlan[];
  /** How many runs there are, with controls. */
  readonly of: number;
  readonly signal: AbortSignal;
}

async function elsewhereFor(
  flags: RunFlags,
  { host, plans, of, signal }: ElsewhereFor,
): Promise<Elsewhere | undefined> {
  if (plans.length === 0) return undefined;
  if (flags.on !== undefined) {
    const { startSwarmRuns } = await import("./on-swarm.ts");
    // Whether its containers let it have namespaces, each node finds out for itself.
    const isolation = { isolated: true } as const;
    const createSetting = await settingsOf(flags.world, { host, isolation, plans: [], onProgress: () => {} });
    return startSwarmRuns({ host, flags, plans, setting: createSetting(), signal });
  }
  // Where namespaces are wanted, this process has none of its own as soon as there may be several jobs.
  const jobs = jobsOf(flags);
  if (jobs === 1 || (of === 1 && flags.world !== "local")) return undefined;
  const { startJobs } = await import("./jobs.ts");
  const orders = { world: flags.world, plans: plans.map(({ plan }) => plan), of };
  return startJobs({ orders, jobs, isolation: flags.isolation, clock: host.clock, signal });
}

async function runOne(suite: Suite, bound: BoundPlan, folder: string): Promise<ReportedRun> {
  const { plan, cell, seed } = bound;
  const wanted = controlsOf(plan, bound.file, suite.flags);
  const names = distinct(wanted.map(({ service, without }) => `control-${service}-without-${without.join("+")}`));
  const runs: readonly (Control | undefined)[] = [undefined, ...wanted];
  const results = new Map<Control | undefined, RunResult>();
  await forAll(suite, runs, async (control, n) => {
    const place = control === undefined ? folder : join(folder, names[n - 1] ?? "");
    results.set(control, await runInFolder(suite, bound, place, control));
  });
  const result = results.get(undefined);
  if (result === undefined) throw new Error("a run without a result");
  const controls = wanted.flatMap((control): readonly ReportedControl[] => {
    const ran = results.get(control);
    if (ran === undefined) return [];
    const { seconds, directory } = ran;
    return [
      {
        ...judgeControl(control, ran),
        control,
        subject: plan.services[control.service]?.subject?.subject ?? control.service,
        seconds,
        directory,
        replay: replayOf(suite, bound, true),
      },
    ];
  });
  const reported: ReportedRun = {
    ...result,
    plan: plan.plan,
    file: bound.file,
    cell,
    seed,
    world: suite.flags.world,
    replay: replayOf(suite, bound, false),
    controls,
  };
  await write(
    join(folder, "junit.xml"),
    renderJunit({ runs: [reported], skipped: [], lost: [], subjects: [], seconds: result.seconds }),
  );
  return reported;
}

function runInFolder(suite: Suite, bound: BoundPlan, directory: string, control?: Control): Promise<RunResult> {
  const { host, signal, progress, createSetting, flags, elsewhere } = suite;
  const { file, plan } = bound;
  const about = { ...aboutRun(file), ...(control === undefined ? {} : { control }) };
  const without = withoutIn(plan, flags.without, control);
  const suffix = control === undefined ? "" : ` without ${control.without.join(", ")}`;
  const assignment = { bound, without, suffix, directory: resolve(directory), about };
  if (elsewhere !== undefined) return elsewhere.run(assignment);
  return carryOut(assignment, { host, setting: createSetting(), signal, progress });
}

/** What the command line switches off, and what the control does. */
function withoutIn(plan: Plan, switchedOff: readonly SwitchedOff[] | undefined, control: Control | undefined) {
  const without = new Map(withoutOf(plan, switchedOff));
  for (const [service, guards] of control === undefined ? [] : withoutBy(control))
    without.set(service, [...new Set([...(without.get(service) ?? []), ...guards])]);
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
