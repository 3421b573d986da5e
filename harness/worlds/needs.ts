/** What a plan needs of a world: by its own word (`requires`), or by what is in it. */
import { faults } from "../../faults/registry.ts";
import { kindOf, nounOf } from "../plan/kind.ts";
import type { ServiceKind } from "../plan/kind.ts";
import type { Plan } from "../plan/schema.ts";
import type { Capability } from "./capability.ts";
import { isAsked } from "./names.ts";

const remedies: Readonly<Record<Capability, string>> = {
  programs: "a world that runs programs",
  commands: "a world that runs commands: --world local",
  isolation: "namespaces: see sinbin doctor",
  "natural-ports": "namespaces: see sinbin doctor",
  outside: "nothing around the services: --world local --no-isolation",
  limits: "see sinbin doctor",
  images: "a world that runs images: --world docker",
  memory: "a world that limits services: --world docker",
  cables: "a network for each service: --world docker, or see sinbin doctor",
  packets: "a network for each service: --world docker, or see sinbin doctor",
  clock: "virtual clocks: --world sim, or another and see sinbin doctor",
  "child-clocks":
    "virtual clocks of processes whose children look at them, which simulated ones don't: --world local or docker, and see sinbin doctor",
  "scaled-time":
    "clocks that all run faster, which those of an engine and its containers don't: --world sim, where time is virtual anyway, or --world local and see sinbin doctor",
  timekeepers: "virtual clocks: --world sim, or another and see sinbin doctor",
};

const runners: Readonly<Record<ServiceKind, Capability>> = {
  program: "programs",
  command: "commands",
  image: "images",
  build: "images",
};

/** What is missing and how to get it, in one sentence; nothing if nothing is. */
export function lackOf(
  plan: Plan,
  world: { readonly name: string; readonly capabilities: ReadonlySet<Capability> },
): string | undefined {
  if (!plan.worlds.includes(world.name))
    return `it is for ${plan.worlds.length === 1 ? "the world" : "the worlds"} ${plan.worlds.join(", ")}, not for ${world.name}`;
  const missing = [...needsOf(plan)].filter(([capability]) => !world.capabilities.has(capability));
  if (missing.length === 0) return undefined;
  return missing.map(([capability, why]) => `it needs ${capability} (${why}): ${remedies[capability]}`).join("; ");
}

function needsOf(plan: Plan): ReadonlyMap<Capability, string> {
  const needs = new Map<Capability, string>(plan.requires.map((capability) => [capability, "the plan requires it"]));
  for (const [name, service] of Object.entries(plan.services)) {
    needs.set(runners[kindOf(service)], `${name} is ${nounOf(service)}`);
    // Whatever a service may have from its start on is given by the world that starts it; no other does it by halves.
    const limited = Object.keys(service.limits ?? {});
    if (limited.length > 0) needs.set("memory", `${name} has limits.${limited.join(", limits.")}`);
    if (service.beyond !== undefined) needs.set("outside", `${name} asks ${service.beyond}, which is beyond the plan`);
    if (service.timekeeper !== undefined) needs.set("timekeepers", `${name} has a timekeeper`);
    if (service.ready?.healthy !== undefined) needs.set("images", `${name} has a health check`);
  }
  if (plan.time.scale !== 1) needs.set("scaled-time", `its time runs ${plan.time.scale} times as fast`);
  const kinds = plan.phases.flatMap(({ faults }) => faults.flatMap(({ choices }) => choices.map(({ kind }) => kind)));
  for (const kind of kinds) {
    const need = kind === undefined ? undefined : faults.get(kind)?.needs;
    if (need !== undefined) needs.set(need, `for ${kind}`);
  }
  for (const link of Object.values(plan.links)) {
    const { from, to, port } = link;
    if (isAsked(link))
      needs.set(
        "natural-ports",
        `${from} asks ${to} for names, on port 53, as a resolv.conf has it; who asks by SINBIN_LINK_… can do so on any other`,
      );
    const server = plan.services[to];
    if (server !== undefined && kindOf(server) !== "program")
      needs.set("natural-ports", `${to} is ${nounOf(server)} that listens on ${port}`);
  }
  return needs;
}
