/** A hunt on the nodes of a swarm: each gets a part of the numbers at a time, and tells what came of each of them. */
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import { HarnessError } from "../errors.ts";
import type { Quarry } from "../hunt/attempt.ts";
import type { Attempt, Batch, Ledger } from "../hunt/ledger.ts";
import { verdicts } from "../judge/finding.ts";
import type { Outcome } from "../swarm/jobs.ts";
import { renderNodes } from "../swarm/progress.ts";
import { attemptsFile } from "./hunt-part.ts";
import type { Hunters } from "./hunters.ts";
import { connectSwarm, perNodeOf, plansForImage } from "./on-swarm.ts";
import type { LiveLine } from "./progress-line.ts";
import type { CellValue } from "./plans.ts";
import type { SwarmFlags } from "./swarm-flags.ts";
import type { SwitchedOff } from "./without.ts";

export interface SwarmHuntersOptions {
  readonly host: Host;
  readonly file: string;
  readonly quarry: Quarry;
  readonly flags: SwarmFlags & {
    readonly seeds: number;
    readonly mix?: boolean;
    readonly keepGoing?: boolean;
    readonly cell?: readonly CellValue[];
    readonly without?: readonly SwitchedOff[];
  };
  readonly line: LiveLine;
  readonly signal: AbortSignal;
}

const attemptsSchema = z.array(
  z.object({
    n: z.number(),
    verdict: z.enum(verdicts),
    failed: z.string().exactOptional(),
    reason: z.string().exactOptional(),
  }),
);

/** So many parts a node, about, so that none waits long for the last one; but a part has to be worth the start of a container. */
const partsPerNode = 6;
const leastInPart = 10;
const mostInPart = 2000;

export async function startSwarmHunters(options: SwarmHuntersOptions): Promise<Hunters> {
  const { host, file, quarry, flags, line, signal } = options;
  const text = (await plansForImage([{ file, plan: quarry.plan }])).get(file);
  if (text === undefined) throw new Error(`${file} was not prepared`);
  // One part at a time, with as many threads as the node is to run.
  const swarm = await connectSwarm({ host, flags, placesOf: () => 1, line, signal });
  const ready = Math.max(1, swarm.nodes().filter((node) => node.ready).length);
  const total = flags.seeds * quarry.cells.length;

  const tryPart = async ({ from, count }: Batch): Promise<readonly Attempt[]> => {
    const outcome = await swarm.send({
      command: "hunt",
      plan: text,
      args: (cpus) => [
        "--part",
        `${from}:${count}`,
        "--jobs",
        String(perNodeOf(flags, cpus)),
        "--seed",
        String(quarry.firstSeed),
        "--seeds",
        String(flags.seeds),
        ...(flags.mix === true ? ["--mix"] : []),
        ...(flags.keepGoing === true ? ["--keep-going"] : []),
        ...(flags.cell ?? []).flatMap(({ name, value }) => ["--cell", `${name}=${value}`]),
        ...(flags.without ?? []).flatMap(({ service, guard }) => ["--without", `${service}:${guard}`]),
      ],
    });
    return attemptsOf(outcome, { from, count });
  };

  return {
    howMany: `on ${ready} ${ready === 1 ? "node" : "nodes"}`,
    batch: partOf(total, ready),
    where: (width) => renderNodes(swarm.nodes(), swarm.waiting(), width),
    async send(ledger: Ledger) {
      const hunter = async (): Promise<void> => {
        for (let part = ledger.take(); part !== undefined && !ledger.over; part = ledger.take())
          for (const attempt of await tryPart(part)) ledger.record(attempt);
      };
      const { promise: over, resolve } = Promise.withResolvers<void>();
      // One under way and one that waits for its place.
      const hunters = Array.from({ length: 2 * ready }, async () => {
        await hunter();
        if (ledger.over) resolve();
      });
      // What is beyond a failure that was found is of no interest any more: it ends with the swarm.
      await Promise.race([over, Promise.all(hunters)]);
    },
    [Symbol.asyncDispose]: () => swarm[Symbol.asyncDispose](),
  };
}

function partOf(total: number, nodes: number): number {
  const even = Math.ceil(total / nodes);
  return Math.min(even, mostInPart, Math.max(leastInPart, Math.ceil(even / partsPerNode)));
}

/** @throws {Error} for a bug in the sinbin that ran. @throws {HarnessError} if it could not go on. */
function attemptsOf(outcome: Outcome, { from, count }: Batch): readonly Attempt[] {
  if (outcome.type === "lost") {
    const reason = `it was started ${outcome.lost.length} times, and nothing came back: ${outcome.lost.join("; ")}`;
    return Array.from({ length: count }, (_, k): Attempt => ({ n: from + k, verdict: "unknown", reason }));
  }
  const { node, parcel } = outcome;
  const written = parcel.files[attemptsFile];
  if (written !== undefined) return attemptsSchema.parse(JSON.parse(Buffer.from(written, "base64").toString()));
  const message = `on ${node}: ${parcel.said.trim()}`;
  throw parcel.exitCode === 255 ? new Error(message) : new HarnessError(message);
}
