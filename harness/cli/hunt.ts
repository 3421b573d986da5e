/**
 * `sinbin hunt`: one plan under many seeds in the simulated world. What fails is run again, into a run folder.
 *
 *     seeds ──► hunters (threads) ──► ledger ──► first failure ──► run folder ──► report
 */
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { createRealHost } from "../../host/real.ts";
import type { Host } from "../../host/host.ts";
import { HarnessError, UsageError } from "../errors.ts";
import type { HistoryEvent } from "../history/event.ts";
import { caseOf } from "../hunt/attempt.ts";
import type { Case, Quarry } from "../hunt/attempt.ts";
import { batchSize, createLedger } from "../hunt/ledger.ts";
import type { Batch, Outcome } from "../hunt/ledger.ts";
import { lackOfMix } from "../hunt/mix.ts";
import { listAt } from "../plan/raw.ts";
import { writeYaml } from "../plan/write-yaml.ts";
import { renderHunted, renderHuntProgress } from "../report/hunt.ts";
import type { HuntState } from "../report/hunt.ts";
import type { ReportedRun } from "../report/report.ts";
import { renderText } from "../report/text.ts";
import { runPlan } from "../run/run.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { lackOf } from "../worlds/needs.ts";
import { loadPrograms } from "../worlds/sim/programs.ts";
import type { Programs } from "../worlds/sim/programs.ts";
import { createSimSetting } from "../worlds/sim/setting.ts";
import { firstFailure } from "../shrink/failure.ts";
import type { Failure } from "../shrink/failure.ts";
import { occurrences } from "../shrink/render.ts";
import { hasColours } from "./colours.ts";
import { aboutNow, aboutRun, cellFlags, commandOf } from "./commands.ts";
import { exitCodes } from "./exit.ts";
import { distinct, makeFolder, nameFolder, removeEmpty, removeOut } from "./folders.ts";
import { huntPart } from "./hunt-part.ts";
import { sendHunters } from "./hunters.ts";
import type { Hunters } from "./hunters.ts";
import { bindCells, cellText, loadPlans } from "./plans.ts";
import type { CellValue } from "./plans.ts";
import { createLiveLine } from "./progress-line.ts";
import type { LiveLine } from "./progress-line.ts";
import { shrinkSimulated } from "./shrink.ts";
import { checkSwarmFlags } from "./swarm-flags.ts";
import type { SwarmFlags } from "./swarm-flags.ts";
import { watchForEndlessTurns } from "./watchdog.ts";
import { withoutFlags, withoutOf } from "./without.ts";
import type { SwitchedOff } from "./without.ts";

export interface HuntFlags extends SwarmFlags {
  readonly seeds: number;
  readonly seed?: number;
  readonly jobs?: number;
  readonly mix?: boolean;
  readonly keepGoing?: boolean;
  readonly without?: readonly SwitchedOff[];
  readonly cell?: readonly CellValue[];
  readonly out: string;
  readonly shrink: boolean;
  /** Of a hunt that goes on on many machines: what falls to this one. */
  readonly part?: Batch;
}

interface Hunt {
  readonly host: Host;
  readonly file: string;
  readonly flags: HuntFlags;
  readonly quarry: Quarry;
  readonly programs: Programs;
  readonly signal: AbortSignal;
}

/** Where nobody redraws a line, one says this often how far it is. */
const sparseMs = 10_000;

export async function hunt(place: string, flags: HuntFlags, signal: AbortSignal): Promise<number> {
  using watchdog = watchForEndlessTurns("sim");
  void watchdog;
  checkSwarmFlags(flags);
  if (flags.on !== undefined && flags.jobs !== undefined)
    throw new UsageError("--jobs: in a swarm, --per-node says how many threads each node gets");
  const host = createRealHost({ name: "sinbin", directory: process.cwd(), seed: 0 });
  const prepared = await prepare(host, place, flags, signal);
  const { quarry } = prepared;
  const total = flags.seeds * quarry.cells.length;
  const jobs = Math.min(flags.jobs ?? availableParallelism(), total);
  if (flags.part !== undefined) {
    const { part, out, keepGoing = false } = flags;
    await huntPart({ quarry, part, jobs, keepGoing, out, signal });
    return exitCodes.pass;
  }
  const line = createLiveLine(process.stderr, host.clock);
  await using hunters = await huntersFor(prepared, { jobs, total, line });
  const ledger = createLedger({ total, batch: hunters.batch, keepGoing: flags.keepGoing === true });
  const began = host.clock.monotonic();
  const state = (): HuntState => ({
    outcome: ledger.outcome(),
    total,
    elapsedMs: host.clock.monotonic() - began,
    cells: quarry.cells.length,
  });

  line.say(
    `hunting in ${quarry.plan.plan}: ${flags.seeds} ${flags.seeds === 1 ? "seed" : "seeds"} from ${quarry.firstSeed}, ${hunters.howMany}`,
  );
  line.show((width) => {
    const far = renderHuntProgress(state(), width);
    return hunters.where === undefined ? far : `${far} · ${hunters.where(Math.max(1, width - far.length - 3))}`;
  }, sparseMs);
  try {
    await hunters.send(ledger);
  } finally {
    line.hide();
    process.stdout.write(`hunted ${renderHunted(state())}\n${summaryOf(prepared, ledger.outcome())}`);
  }
  const outcome = ledger.outcome();
  if (outcome.failed > 0) await show(prepared, outcome);
  if (outcome.failed > 0) return exitCodes.fail;
  return outcome.passed > 0 ? exitCodes.pass : exitCodes.unknown;
}

/** Threads of this machine, or the nodes of a swarm. */
async function huntersFor(
  { host, file, flags, quarry, signal }: Hunt,
  { jobs, total, line }: { readonly jobs: number; readonly total: number; readonly line: LiveLine },
): Promise<Hunters> {
  if (flags.on === undefined)
    return {
      howMany: `${jobs} at a time`,
      batch: batchSize(total, jobs),
      send: (ledger) => sendHunters({ quarry, ledger, jobs, signal }),
      [Symbol.asyncDispose]: async () => {},
    };
  const { startSwarmHunters } = await import("./swarm-hunters.ts");
  return startSwarmHunters({ host, file, quarry, flags, line, signal });
}

async function prepare(host: Host, place: string, flags: HuntFlags, signal: AbortSignal): Promise<Hunt> {
  const [loaded, ...others] = await loadPlans([place]);
  if (loaded === undefined || others.length > 0)
    throw new UsageError(`${place}: hunt takes one plan at a time; name one of the ${others.length + 1} in it`);
  const { file, plan } = loaded;
  const bound = bindCells(loaded, flags);
  const without = withoutOf(plan, flags.without);
  for (const each of flags.mix === true ? bound : []) {
    const lack = lackOfMix(each.plan);
    if (lack !== undefined) throw new UsageError(`--mix: ${file}: ${lack}`);
  }
  const lack = lackOf(plan, createSimSetting({ programs: new Map() }));
  if (lack !== undefined)
    throw new HarnessError(`${file} can't be hunted in: the simulated world can't run it: ${lack}`);
  const quarry: Quarry = {
    plan,
    cells: bound.map(({ cell }) => cell),
    firstSeed: bound[0]?.seed ?? 0,
    mix: flags.mix === true,
    without,
  };
  return { host, file, flags, quarry, programs: await loadPrograms([plan]), signal };
}

/** What was caught, and what stayed unknown: with the command that shows the first of each. */
function summaryOf(prepared: Hunt, { catches, firstUnknown }: Outcome): string {
  const nth = (n: number): string => `seed ${caseSeed(prepared.quarry, n)}`;
  const caught = catches.map(
    ({ expectation, count, first }) =>
      `  failed: ${expectation}: ${count === 1 ? nth(first) : `${count} times, first with ${nth(first)}`}\n`,
  );
  const unknown =
    firstUnknown === undefined
      ? []
      : [
          `  unknown, first with ${nth(firstUnknown.n)}: ${firstUnknown.reason}\n    ${replayOf(prepared, firstUnknown.n)}\n`,
        ];
  return [...caught, ...unknown].join("");
}

function caseSeed({ firstSeed, cells }: Quarry, n: number): number {
  return firstSeed + Math.floor(n / cells.length);
}

/** The first of each kind of failure is run again, into a folder, and reported. */
async function show(prepared: Hunt, { catches }: Outcome): Promise<void> {
  const { host, flags, quarry } = prepared;
  const numbers = [...new Set(catches.map(({ first }) => first))];
  const cases = numbers.map((n) => ({ n, found: caseOf(quarry, n) }));
  const folder = nameFolder(flags.out);
  const made = await makeFolder(folder, flags.out);
  const names = distinct(
    cases.map(({ found: { plan, cell, seed } }) => [plan.plan, ...Object.values(cell).map(cellText), seed].join("-")),
  );
  const began = host.clock.monotonic();
  try {
    const runs: Shown[] = [];
    for (const [index, { n, found }] of cases.entries())
      runs.push(await runAgain(prepared, n, found, join(folder, names[index] ?? "")));
    const report = {
      runs: runs.map(({ reported }) => reported),
      skipped: [],
      lost: [],
      subjects: [],
      seconds: (host.clock.monotonic() - began) / 1000,
    };
    process.stdout.write(renderText(report, { colour: hasColours() }));
    process.stdout.write(`run folders: ${folder}\n`);
    if (flags.shrink) for (const each of runs) await shrinkOne(each, prepared.signal);
  } catch (error) {
    // Whatever was finished before an interrupt is worth keeping.
    removeEmpty(folder);
    removeOut(flags.out, made);
    throw error;
  }
}

interface Shown {
  /** The run folder, as a person would name it. */
  readonly directory: string;
  readonly reported: ReportedRun;
  readonly failure: Failure;
}

async function runAgain(prepared: Hunt, n: number, { plan, cell, seed }: Case, directory: string): Promise<Shown> {
  const { host, file, quarry, programs, signal } = prepared;
  let events: readonly HistoryEvent[] = [];
  let schedule: Schedule | undefined;
  const result = await runPlan({
    plan,
    cell,
    seed,
    without: quarry.without,
    setting: createSimSetting({ programs }),
    host,
    directory: resolve(directory),
    // A mix is in no file: to replay it means to run what was recorded.
    about: { ...aboutRun(file), ...aboutNow(), ...(quarry.mix ? { file: undefined } : {}) },
    signal,
    onHistory(history, planned) {
      ({ events } = history);
      schedule = planned;
    },
  });
  const finding = firstFailure(result.findings);
  if (finding === undefined || schedule === undefined)
    throw new Error(
      `seed ${seed} failed in the hunt, and is ${result.verdict} in ${directory}: the simulated world is not deterministic`,
    );
  const replay = replayOf(prepared, n);
  return {
    directory,
    reported: { ...result, plan: plan.plan, file, cell, seed, world: "sim", replay, controls: [] },
    failure: { plan, schedule, events, without: quarry.without, finding },
  };
}

/** So many plans are tried at most; `sinbin shrink` can go on with more. */
const shrinkAttempts = 500;

async function shrinkOne({ directory, failure }: Shown, signal: AbortSignal): Promise<void> {
  const file = join(directory, "shrunk.yaml");
  const shrunk = await shrinkSimulated({ failure, file, attempts: shrinkAttempts, signal });
  if (shrunk === undefined) {
    process.stdout.write(
      `not shrunk: with its occurrences written out, it no longer fails by ${failure.finding.expectation}\n`,
    );
    return;
  }
  const { document, before, after, tries, cut } = shrunk;
  const more =
    cut === "attempts" ? `; with more (sinbin shrink ${directory} --attempts 5000) it may become smaller` : "";
  process.stdout.write(`shrunk: ${occurrences(after)} of ${before} left, after ${tries} tries${more}: ${file}\n`);
  // What it takes to fail, for whoever opens no file.
  process.stdout.write(
    writeYaml({ phases: listAt(document, "phases") })
      .replaceAll(/^/gm, "  ")
      .trimEnd() + "\n",
  );
}

/** The command that shows just this again: what `run` can't say, a hunt of one seed does. */
function replayOf({ file, quarry, flags }: Hunt, n: number): string {
  const cell = cellFlags(quarry.cells[n % quarry.cells.length] ?? {});
  const seed = `--seed ${caseSeed(quarry, n)}`;
  const without = withoutFlags(flags.without);
  if (!quarry.mix) return commandOf("run", file, ["--world sim", seed, ...without, ...cell]);
  return commandOf("hunt", file, [seed, "--seeds 1", "--mix", ...without, ...cell]);
}
