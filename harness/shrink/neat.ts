/** A plan's document without what goes without saying: a number that nothing else shares, a name that is the kind. */
import { faultOf } from "../../faults/key.ts";
import { recordAt, textAt } from "../plan/raw.ts";
import type { Raw } from "../plan/raw.ts";
import type { PlanDocument } from "../plan/schema.ts";
import { placedSteps, withSteps } from "./document.ts";
import { mentions } from "./params.ts";

/** Means the same. */
export function neat(document: PlanDocument): PlanDocument {
  const names = placedSteps(document).map(({ step }) => baseOf(step));
  const steps = placedSteps(document).map(({ phase, step }) => {
    const alone = names.filter((name) => name === baseOf(step)).length === 1;
    return { phase, step: alone ? plain(step) : step };
  });
  const left = withSteps(document, steps);
  const { params: _params, ...rest } = left;
  const params = Object.entries(recordAt(left, "params")).filter(([name]) => mentions(left, name));
  if (params.length === 0) return rest;
  // Where it was, among the keys.
  return Object.fromEntries(
    Object.entries(left).map(([key, value]) => [key, key === "params" ? Object.fromEntries(params) : value]),
  );
}

const baseOf = (step: Raw): string => (textAt(step, "name") ?? "").split("#")[0] ?? "";

function plain(step: Raw): Raw {
  const [name = "", number] = (textAt(step, "name") ?? "").split("#");
  if (number !== "0") return step;
  const { name: _name, ...rest } = step;
  const kinds = Object.keys(step).flatMap((key) => faultOf(key)?.kind ?? []);
  if (kinds.length === 1 && kinds[0] === name) return rest;
  return Object.fromEntries(Object.entries(step).map(([key, value]) => [key, key === "name" ? name : value]));
}
