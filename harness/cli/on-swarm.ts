/** `--on swarm`: runs and hunts on the nodes of a Docker Swarm, with their results here, as if they had been run here. */
import { existsSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import type { Host } from "../../host/host.ts";
import type { Plan } from "../plan/schema.ts";
import { keepRun, keepTrouble } from "../swarm/keep.ts";
import { planForImage } from "../swarm/plan.ts";
import { renderNodes } from "../swarm/progress.ts";
import { startSwarm } from "../swarm/swarm.ts";
import type { Swarm } from "../swarm/swarm.ts";
import { describeOwn } from "../worlds/docker/images.ts";
import { lackOf } from "../worlds/needs.ts";
import type { Setting } from "../worlds/world.ts";
import type { Elsewhere } from "./assignment.ts";
import type { BoundPlan } from "./plans.ts";
import { createLiveLine } from "./progress-line.ts";
import type { LiveLine } from "./progress-line.ts";
import type { SwarmFlags } from "./swarm-flags.ts";

/** Half of the cores unless told: the node has to breathe, and a run in real time must not be late. */
export function perNodeOf({ perNode }: SwarmFlags, cpus: number): number {
  return perNode ?? Math.max(1, Math.floor(cpus / 2));
}

/** Plans as the nodes get them, by the file that they came from. */
export async function plansForImage(
  plans: readonly { readonly file: string; readonly plan: Plan }[],
): Promise<ReadonlyMap<string, { readonly name: string; readonly text: string }>> {
  const own = await describeOwn();
  return new Map(
    plans.map(({ file, plan }) => [
      file,
      {
        name: basename(file).replaceAll(/[^\w.-]+/g, "_"),
        text: planForImage(file, plan, { pathInImage: (path) => own.pathInImage(path), isThere: existsSync }),
      },
    ]),
  );
}

export interface ConnectOptions {
  readonly host: Host;
  readonly flags: SwarmFlags;
  readonly placesOf: (cpus: number) => number;
  readonly line: LiveLine;
  readonly signal: AbortSignal;
}

export function connectSwarm({ host, flags, placesOf, line, signal }: ConnectOptions): Promise<Swarm> {
  return startSwarm({
    run: randomBytes(5).toString("hex"),
    clock: host.clock,
    image: flags.image,
    placesOf,
    signal,
    onProgress: (text) => line.say(text),
  });
}

export interface SwarmRunsOptions {
  readonly host: Host;
  readonly flags: SwarmFlags & { readonly isolation: boolean };
  readonly plans: readonly { readonly file: string; readonly plan: Plan }[];
  /** What the plans meet on a node, as far as that is known here. */
  readonly setting: Setting;
  readonly signal: AbortSignal;
}

/** Where nobody redraws a line, one says this often how far it is. */
const sparseMs = 10_000;

export async function startSwarmRuns({ host, flags, plans, setting, signal }: SwarmRunsOptions): Promise<Elsewhere> {
  const files = await plansForImage(plans.filter(({ plan }) => lackOf(plan, setting) === undefined));
  const line = createLiveLine(process.stderr, host.clock);
  const swarm = await connectSwarm({ host, flags, placesOf: (cpus) => perNodeOf(flags, cpus), line, signal });
  line.show((width) => renderNodes(swarm.nodes(), swarm.waiting(), width), sparseMs);

  return {
    async run({ bound, without, directory, about }) {
      const { file, plan, cell, seed } = bound;
      const keep = { host, about, directory, plan, cell, seed, without, world: setting.name };
      const lack = lackOf(plan, setting);
      const text = files.get(file);
      if (lack !== undefined || text === undefined)
        return keepTrouble(keep, `this world can't run the plan: ${lack ?? ""}`);
      const guards = [...without].flatMap(([service, names]) =>
        names.flatMap((name) => ["--without", `${service}:${name}`]),
      );
      const outcome = await swarm.send({
        command: "run",
        plan: text,
        args: () => [
          "--world",
          setting.name,
          "--seed",
          String(seed),
          ...cellWords(cell),
          ...guards,
          ...(flags.isolation ? [] : ["--no-isolation"]),
        ],
      });
      const where = { image: swarm.image, lost: outcome.lost };
      if (outcome.type === "lost")
        return keepTrouble(
          { ...keep, about: { ...about, swarm: where } },
          `it was started ${outcome.lost.length} times, and nothing came back: ${outcome.lost.join("; ")}`,
        );
      const { node, parcel } = outcome;
      return keepRun({ ...keep, about: { ...about, swarm: { node, ...where } } }, parcel, node);
    },
    say: (text) => line.say(text),
    end: () => line.hide(),
    async [Symbol.asyncDispose]() {
      line.hide();
      await swarm[Symbol.asyncDispose]();
    },
  };
}

/** As they stand in the arguments of a process. */
function cellWords(cell: BoundPlan["cell"]): readonly string[] {
  return Object.entries(cell).flatMap(([name, value]) => [
    "--cell",
    `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  ]);
}
