/** Parameters that a plan still needs when all that was drawn is written out. */
import type { BoundNames } from "../plan/bind.ts";
import { isRecord, recordAt } from "../plan/raw.ts";
import type { Raw } from "../plan/raw.ts";
import type { PlanDocument, Written } from "../plan/schema.ts";
import { distributionOf, inferred, isFormula } from "../schedule/draw.ts";

/**
 * What expressions and steps that still draw name: as the constant that it was, or, if it is drawn anew wherever it is used, as it was. `document` is
 * the plan that is left, `from` the one where the parameters are declared.
 */
export function keptParams(document: PlanDocument, from: PlanDocument, names: BoundNames): Raw {
  const kept = new Map<string, Written>();
  const keep = (within: Written): void => {
    const words = new Set(wordsOf(within));
    for (const [name, drawn] of names.drawn) {
      if (kept.has(name) || !words.has(name)) continue;
      const declared = recordAt(recordAt(from, "params"), name)["default"];
      const meaning = names.meaningOf(name);
      if ("once" in meaning || declared === undefined || !isRandom(meaning.anew, names)) {
        kept.set(name, drawn.written);
        continue;
      }
      kept.set(name, declared);
      keep(declared);
    }
  };
  keep(spoken(document));
  return Object.fromEntries([...kept].map(([name, value]) => [name, { default: value }]));
}

/** Whether something that is drawn or evaluated in the plan may mean this parameter. */
export function mentions(document: PlanDocument, name: string): boolean {
  return wordsOf(spoken(document)).includes(name);
}

const spoken = (document: PlanDocument): Written =>
  Object.fromEntries(Object.entries(document).filter(([key]) => key !== "services" && key !== "links"));

function isRandom(written: Written, names: BoundNames): boolean {
  const scalar = inferred(written);
  return isFormula(written) || (scalar !== undefined && distributionOf(written, scalar, names) !== undefined);
}

/** Every word of every text in it. */
function wordsOf(value: Written): readonly string[] {
  if (typeof value === "string") return value.match(/[a-z][a-z0-9_]*/g) ?? [];
  if (Array.isArray(value)) return (value as readonly Written[]).flatMap(wordsOf);
  return isRecord(value) ? Object.values(value).flatMap(wordsOf) : [];
}
