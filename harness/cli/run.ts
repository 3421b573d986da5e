/** `sinbin run`: what came of a suite, on the terminal. */
import { UsageError } from "../errors.ts";
import { verdictOf } from "../report/report.ts";
import { renderText } from "../report/text.ts";
import type { Isolation } from "../worlds/local/isolate.ts";
import { hasColours } from "./colours.ts";
import { exitCodes } from "./exit.ts";
import { runSuite } from "./suite.ts";
import type { RunFlags } from "./suite.ts";
import { checkSwarmFlags } from "./swarm-flags.ts";

export async function run(
  places: readonly string[],
  flags: RunFlags,
  isolation: Isolation,
  signal: AbortSignal,
): Promise<number> {
  if (flags.twice === true && flags.world !== "sim")
    throw new UsageError("--twice: add --world sim; on a real machine no two histories are the same");
  checkSwarmFlags(flags);
  if (flags.on !== undefined && flags.jobs !== undefined)
    throw new UsageError("--jobs: in a swarm, --per-node says how many runs each node gets at a time");
  if (flags.on !== undefined && flags.twice === true)
    throw new UsageError("--twice: leave out --on swarm; both runs are made here");
  if (flags.on !== undefined && flags.world === "docker")
    throw new UsageError(
      "--world docker: a task of a swarm starts no containers of its own: write --world sim or --world local, or set DOCKER_HOST to a node and leave out --on swarm",
    );
  const { report, folder, differences, broken } = await runSuite(places, flags, isolation, signal);
  process.stdout.write(renderText(report, { colour: hasColours() }));
  if (folder !== undefined) process.stdout.write(`run folders: ${folder}\n`);
  if (broken !== undefined) throw broken.error;
  if (flags.twice === true) process.stdout.write(sayDifferences(differences, report.runs.length));
  return differences.length > 0 ? exitCodes.fail : exitCodes[verdictOf(report)];
}

function sayDifferences(differences: readonly string[], runs: number): string {
  if (differences.length === 0) return `the same twice, byte for byte: ${runs} of ${runs}\n`;
  return `not the same twice:\n${differences.map((line) => `${line}\n`).join("")}`;
}
