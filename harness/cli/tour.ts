/**
 * `sinbin tour`: every plan below a folder in the simulated world; some of them with their controls there, and then as real processes; and what they came
 * to, in one table. Only what is not as it should be is told at length: this is what a newcomer sees first, and has two minutes for.
 */
import { worst } from "../judge/finding.ts";
import { renderOverview } from "../report/overview.ts";
import { paintIn } from "../report/paint.ts";
import { verdictOf } from "../report/report.ts";
import { renderText } from "../report/text.ts";
import type { Isolation } from "../worlds/local/isolate.ts";
import { hasColours } from "./colours.ts";
import { exitCodes } from "./exit.ts";
import { runSuite } from "./suite.ts";

export interface TourFlags {
  /** Plans that are run with their controls, and as real processes, too. */
  readonly real: readonly string[];
  readonly out: string;
  readonly isolation: boolean;
}

/** Of real processes: whoever waits for real time leaves room for another. */
export const realJobs = 2;

export async function tour(
  folder: string,
  { real, out, isolation: wanted }: TourFlags,
  isolation: Isolation,
  signal: AbortSignal,
): Promise<number> {
  const colour = hasColours();
  const shared = { out, isolation: wanted, available: true };
  const worlds = [
    { world: "sim", title: "simulated", places: [folder], flags: { controls: real } },
    { world: "local", title: "as real processes", places: real, flags: { jobs: realJobs } },
  ] as const;
  const done = [];
  for (const { world, title, places, flags } of worlds) {
    const { report, folder: runs, broken } = await runSuite(places, { ...shared, ...flags, world }, isolation, signal);
    process.stdout.write(`${title}\n\n${renderText(report, { colour, eachRun: false })}`);
    process.stdout.write(`run folders: ${runs ?? "none"}\n\n`);
    if (broken !== undefined) throw broken.error;
    done.push({ world, report });
  }
  process.stdout.write(`${renderOverview(done, "sin", paintIn(colour)).join("\n")}\n`);
  return exitCodes[worst(done.map(({ report }) => verdictOf(report)))];
}
