/** Which faults a random mix may draw from, and where each of them fits. */
import { actsOn, faults, placeOf } from "../../faults/registry.ts";
import type { Fault } from "../../faults/registry.ts";
import { strengthsOf } from "../../faults/strength.ts";
import { namesFault } from "../plan/document/mix.ts";
import type { Mix } from "../plan/document/mix.ts";
import type { Plan } from "../plan/schema.ts";
import { simCapabilities } from "../worlds/sim/world.ts";
import { wordsOf } from "./parameters.ts";

export interface Candidate {
  readonly fault: Fault;
  /** Links or services; at least one. */
  readonly places: readonly string[];
}

/** In the order of the registry. */
export function candidatesOf(plan: Plan, mix: Mix): readonly Candidate[] {
  return [...faults.values()].flatMap((fault) => {
    const asked = namesFault(mix, fault);
    if (mix.faults !== undefined && !asked) return [];
    if (!canBeDrawn(fault) || ((fault.leaves === "anything" || !isEverywhere(fault)) && !asked)) return [];
    const places = placesFor(fault, plan).filter((name) => mix.where?.includes(name) !== false);
    return places.length === 0 ? [] : [{ fault, places }];
  });
}

/** Also in a simulation: a seed means the same mix in every world. */
function isEverywhere({ needs }: Fault): boolean {
  return needs === undefined || simCapabilities.has(needs);
}

/** A required parameter that is neither between two strengths nor one of some words is known to the author of a plan only. */
function canBeDrawn({ parameters }: Fault): boolean {
  return Object.values(parameters.shape).every(
    (schema) =>
      schema.safeParse(undefined).success || strengthsOf(schema) !== undefined || wordsOf(schema) !== undefined,
  );
}

function placesFor(fault: Fault, { links, services }: Plan): readonly string[] {
  if (placeOf(fault.plane) === "link")
    return Object.entries(links).flatMap(([name, { proto }]) => (actsOn(fault.plane, proto) ? [name] : []));
  return Object.entries(services)
    .filter(([name, { program, restart, timekeeper }]) => {
      if (fault.plane === "timekeeper" && timekeeper === undefined) return false;
      if (
        fault.plane === "resolver" &&
        !Object.values(links).some(({ from, proto }) => from === name && proto === "dns")
      )
        return false;
      if ("programsOnly" in fault && fault.programsOnly !== undefined && program === undefined) return false;
      // Where nobody starts it again, it is the mix that ended it, and no failure of the service.
      return fault.leaves !== "down" || restart !== undefined;
    })
    .map(([name]) => name);
}
