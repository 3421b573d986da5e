/** `sinbin run`: every plan, every cell of its matrix, and with `--controls` each of them again with guards switched off. */
import { randomBytes } from "node:crypto";
import { join, relative, resolve } from "node:path";
import { writeFile } from "node:fs/promises";
import { createRealHost } from "../../host/real.ts";
import type { Host } from "../../host/host.ts";
import { judgeControl } from "../judge/control.ts";
import type { Control } from "../plan/schema.ts";
import { renderJunit } from "../report/junit.ts";
import { verdictOf } from "../report/report.ts";
import type { Report, ReportedControl, ReportedRun } from "../report/report.ts";
import { renderText } from "../report/text.ts";
import { runPlan } from "../run/run.ts";
import type { RunResult } from "../run/run.ts";
import type { Isolation } from "../worlds/local/isolate.ts";
import { capabilitiesOf } from "../worlds/local/layout.ts";
import { lackOf } from "../worlds/needs.ts";
import { startLocalWorld } from "../worlds/local/world.ts";
import { exitCodes } from "./exit.ts";
import { version } from "./version.ts";
import { bindCells, loadPlans } from "./plans.ts";
import type { BoundPlan, LoadedPlan } from "./plans.ts";
import { createProgressLine } from "./progress-line.ts";
import type { ProgressLine } from "./progress-line.ts";

export interface RunFlags {
  readonly world: "local";
  readonly seed?: number;
  readonly out: string;
  readonly junit?: string;
  readonly controls?: boolean;
  readonly available?: boolean;
  readonly isolation: boolean;
}

interface Suite {
  readonly host: Host;
  readonly flags: RunFlags;
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
  const loaded = await loadPlans(places);
  const skipped = flags.available === true ? loaded.flatMap((each) => skip(each, isolation)) : [];
  const chosen = loaded
    .filter(({ plan }) => !skipped.some((other) => other.plan === plan.plan))
    .flatMap((each) => bindCells(each, flags.seed));
  const began = host.clock.monotonic();
  const stamp = new Date(host.clock.wall()).toISOString().slice(0, 19).replaceAll(":", "-");
  const suite: Suite = {
    host,
    flags,
    folder: join(flags.out, `${stamp}-${randomBytes(3).toString("hex")}`),
    signal,
    progress: createProgressLine(
      process.stderr,
      host.clock,
      flags.controls === true ? countWithControls(chosen) : chosen.length,
    ),
  };
  if (!isolation.isolated) suite.progress.say(`without namespaces of its own: ${isolation.reason}`);

  const runs: ReportedRun[] = [];
  try {
    for (const each of chosen) runs.push(await runOne(suite, each));
  } catch (error) {
    suite.progress.end();
    if (signal.aborted) await host.files.remove(suite.folder);
    throw error;
  }
  suite.progress.end();

  const report: Report = { runs, skipped, seconds: (host.clock.monotonic() - began) / 1000 };
  process.stdout.write(renderText(report, { colour: process.stdout.isTTY && process.env["NO_COLOR"] === undefined }));
  if (chosen.length > 0) process.stdout.write(`run folders: ${suite.folder}\n`);
  if (flags.junit !== undefined) await writeFile(flags.junit, renderJunit(report));
  return exitCodes[verdictOf(report)];
}

function skip(
  { plan }: LoadedPlan,
  isolation: Isolation,
): readonly { readonly plan: string; readonly reason: string }[] {
  const reason = lackOf(plan, { name: "local", capabilities: capabilitiesOf(isolation) });
  return reason === undefined ? [] : [{ plan: plan.plan, reason }];
}

function countWithControls(plans: readonly BoundPlan[]): number {
  return plans.reduce((count, { plan }) => count + 1 + plan.controls.length, 0);
}

async function runOne(suite: Suite, bound: BoundPlan): Promise<ReportedRun> {
  const { plan, cell, seed } = bound;
  const folder = join(
    suite.folder,
    [plan.plan, ...Object.values(cell).map(String)].join("-").replaceAll(/[^\w.-]+/g, "_"),
  );
  const result = await runInFolder(suite, bound, folder);
  const controls: ReportedControl[] = [];
  if (suite.flags.controls === true) {
    for (const control of plan.controls) controls.push(await runControl(suite, bound, control, folder));
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
  await writeFile(join(folder, "junit.xml"), renderJunit({ runs: [reported], skipped: [], seconds: result.seconds }));
  return reported;
}

async function runControl(suite: Suite, bound: BoundPlan, control: Control, folder: string): Promise<ReportedControl> {
  const without = control.without.join("+");
  const result = await runInFolder(
    suite,
    bound,
    join(folder, `control-${control.service}-without-${without}`),
    control,
  );
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
  const { host, signal, progress, flags } = suite;
  return runPlan({
    plan,
    cell,
    seed,
    without: new Map(control === undefined ? [] : [[control.service, control.without]]),
    world: { name: flags.world, clock: host.clock, start: startLocalWorld },
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
function replayOf({ flags }: Suite, { file, seed }: BoundPlan, controls: boolean): string {
  return [
    `npx sinbin run ${relative(process.cwd(), file)} --world ${flags.world} --seed ${seed}`,
    ...(controls ? ["--controls"] : []),
    ...(flags.isolation ? [] : ["--no-isolation"]),
  ].join(" ");
}
