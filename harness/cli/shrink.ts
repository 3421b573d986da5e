/** `sinbin shrink`: from a failing run to the smallest plan that fails by the same expectation, ready to commit. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { HarnessError, Interrupted, UsageError, messageOf } from "../errors.ts";
import type { RunRecord } from "../replay/record.ts";
import { runPlan } from "../run/run.ts";
import { firstFailure } from "../shrink/failure.ts";
import type { Failure } from "../shrink/failure.ts";
import type { Trial } from "../shrink/oracle.ts";
import { occurrences, renderShrunk } from "../shrink/render.ts";
import { measure, repeated, runsFor } from "../shrink/repeat.ts";
import type { Rate } from "../shrink/repeat.ts";
import { shrinkRun } from "../shrink/shrink.ts";
import type { Shrunk, ShrinkProgress } from "../shrink/shrink.ts";
import { createTrial, simulatedRun } from "../shrink/trial.ts";
import type { TrialSource } from "../shrink/trial.ts";
import type { Isolation } from "../worlds/local/isolate.ts";
import { settingsOf } from "../worlds/settings.ts";
import type { WorldName } from "../worlds/world.ts";
import { commandOf } from "./commands.ts";
import { exitCodes } from "./exit.ts";
import { createLiveLine } from "./progress-line.ts";
import { realHost } from "./replay.ts";
import { watchForEndlessTurns } from "./watchdog.ts";

export interface ShrinkFlags {
  readonly out?: string;
  readonly attempts: number;
  readonly isolation: boolean;
}

/** Where nobody redraws a line, one says this often how far it is. */
const sparseMs = 10_000;

export async function shrink(
  record: RunRecord,
  flags: ShrinkFlags,
  isolation: Isolation,
  signal: AbortSignal,
): Promise<number> {
  const { directory, run, plan, schedule, events, verdict, findings } = record;
  using watchdog = watchForEndlessTurns(run.world);
  void watchdog;
  const finding = firstFailure(findings);
  if (finding === undefined)
    throw new UsageError(`${directory}: this run ended as ${verdict}: only what failed can be made smaller`);
  const file = flags.out ?? join(directory, "shrunk.yaml");
  const failure: Failure = { plan, schedule, events, without: new Map(Object.entries(run.without)), finding };
  const worldFlags = [`--world ${run.world}`, ...(flags.isolation ? [] : ["--no-isolation"])];
  const what = finding.name ?? finding.expectation;

  if (run.world === "sim") {
    const shrunk = await shrinkSimulated({ failure, file, attempts: flags.attempts, signal });
    if (shrunk === undefined) return notReproduced(what);
    return finish(shrunk, file, shrunk.text, []);
  }
  await using runs = await realRuns(run.world, isolation, signal);
  const trial = createTrial({ read: readFile, finding, run: runs.run });
  const again = repeated(trial);
  const shrunk = await shrinkWith({ failure, trial: again.trial, attempts: flags.attempts, signal });
  if (shrunk === undefined || again.rate === undefined) return notReproduced(what);
  const text = textOf(failure, shrunk, file, worldFlags);
  await writePlan(file, text);
  const final = signal.aborted ? undefined : await measure(trial, text);
  return finish(shrunk, file, text, ratesOf(again.rate, final));
}

export interface ShrinkSimulated {
  readonly failure: Failure;
  /** Where the plan goes. */
  readonly file: string;
  readonly attempts: number;
  readonly signal: AbortSignal;
}

/** Writes the plan; undefined if the run, written out, does not fail again. What was found so far is written if it is interrupted. */
export async function shrinkSimulated({
  failure,
  file,
  attempts,
  signal,
}: ShrinkSimulated): Promise<(Shrunk & { readonly text: string }) | undefined> {
  const trial = createTrial({ read: readFile, finding: failure.finding, run: simulatedRun(signal) });
  const shrunk = await shrinkWith({ failure, trial, attempts, signal });
  if (shrunk === undefined) return undefined;
  const text = textOf(failure, shrunk, file, ["--world sim"]);
  await writePlan(file, text);
  return { ...shrunk, text };
}

async function shrinkWith(options: {
  readonly failure: Failure;
  readonly trial: Trial;
  readonly attempts: number;
  readonly signal: AbortSignal;
}): Promise<Shrunk | undefined> {
  const line = createLiveLine(process.stderr, realHost().clock);
  let progress: ShrinkProgress = { tries: 0, occurrences: 0 };
  const { name, expectation } = options.failure.finding;
  line.say(`shrinking what fails by: ${name ?? expectation}`);
  line.show(() => `shrink: ${progress.tries} tries, ${occurrences(progress.occurrences)} left`, sparseMs);
  try {
    const shrunk = await shrinkRun({
      ...options,
      isThere: existsSync,
      onProgress(now) {
        progress = now;
      },
    });
    if (shrunk?.cut === "interrupted" && !(options.signal.reason instanceof Interrupted)) throw options.signal.reason;
    return shrunk;
  } finally {
    line.hide();
  }
}

const schemaFile = fileURLToPath(new URL("../plan/plan.schema.json", import.meta.url));

function textOf(failure: Failure, shrunk: Shrunk, file: string, flags: readonly string[]): string {
  return renderShrunk({
    failure,
    shrunk,
    command: commandOf("run", file, flags),
    schema: pathFrom(dirname(resolve(file)), schemaFile),
  });
}

/** Far away, the whole path is easier to read. */
function pathFrom(folder: string, file: string): string {
  const path = relative(folder, file);
  return path.startsWith("../../../../") ? file : path;
}

async function writePlan(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new HarnessError(`${file} could not be written: name another file with --out (${messageOf(error)})`, {
      cause: error,
    });
  }
}

function finish({ before, after, tries, cut }: Shrunk, file: string, text: string, notes: readonly string[]): number {
  const why = {
    attempts: ["the attempts are used up: with more of them (--attempts) it may become smaller"],
    interrupted: ["interrupted: this is the smallest one so far"],
  };
  const lines = [
    text,
    `${occurrences(after)} of ${before} left, after ${tries} tries: ${file}`,
    ...notes,
    ...(cut === undefined ? [] : why[cut]),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return cut === "interrupted" ? exitCodes.interrupted : exitCodes.fail;
}

function notReproduced(what: string): number {
  process.stdout.write(`not reproduced: with its occurrences written out, the run no longer fails by ${what}\n`);
  return exitCodes.unknown;
}

function ratesOf(first: Rate, final: Rate | undefined): readonly string[] {
  const times = runsFor(first);
  return [
    `the run failed again in ${first.failed} of ${first.runs} runs, so that each try was up to ${times} ${times === 1 ? "run" : "runs"}`,
    ...(final === undefined ? [] : [`this plan fails in ${final.failed} of ${final.runs} runs`]),
  ];
}

interface RealRuns extends AsyncDisposable {
  readonly run: TrialSource["run"];
}

/** In real time; the run folders are gone as soon as they are judged. */
async function realRuns(world: WorldName, isolation: Isolation, signal: AbortSignal): Promise<RealRuns> {
  const host = realHost();
  const createSetting = await settingsOf(world, {
    host,
    isolation,
    plans: [],
    onProgress: (line) => console.error(line),
    signal,
  });
  const folder = await mkdtemp(join(tmpdir(), "sinbin-shrink-"));
  let number = 0;
  return {
    async run(plan, seed) {
      number += 1;
      const directory = join(folder, String(number));
      try {
        const setting = createSetting();
        return await runPlan({ plan, cell: {}, seed, without: new Map(), setting, host, directory, about: {}, signal });
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
