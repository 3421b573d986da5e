/** What a plan needs of a world: by its own word (`requires`), or by what is in it. */
import type { Plan } from "../plan/schema.ts";
import type { Capability } from "./capability.ts";

const remedies: Readonly<Record<Capability, string>> = {
  programs: "a world that runs programs",
  commands: "a world that runs commands: --world local",
  isolation: "namespaces: see sinbin doctor",
  "natural-ports": "namespaces: see sinbin doctor",
  limits: "see sinbin doctor",
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
  for (const [name, { program }] of Object.entries(plan.services)) {
    if (program === undefined) needs.set("commands", `${name} is a command`);
    else needs.set("programs", `${name} is a program`);
  }
  const kinds = plan.phases.flatMap(({ faults }) => faults.flatMap(({ choices }) => choices.map(({ kind }) => kind)));
  if (kinds.includes("limits.open-files")) needs.set("limits", "limits.open-files sets one");
  for (const { to, port } of Object.values(plan.links)) {
    if (plan.services[to]?.command !== undefined)
      needs.set("natural-ports", `${to} is a command that listens on ${port}`);
  }
  return needs;
}
