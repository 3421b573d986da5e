/** `$name` and `= expression` inside of steps, where they are drawn later: what they name must be there. */
import { DrawError, draw, isFormula, isReference } from "../../schedule/draw.ts";
import { isRecord } from "../raw.ts";
import type { Written } from "../schema.ts";
import type { Path } from "../tree.ts";
import type { Checking } from "./checking.ts";

/** Conditions have no parameters inserted, and `expect` is not drawn. */
const skipped = new Set(["expect", "when", "while", "after", "name"]);

export function checkValues({ phases, names, complain }: Checking): void {
  const visit = (value: Written, path: Path): void => {
    if (isReference(value) || isFormula(value)) {
      try {
        draw(value, undefined, names, { seed: 1, path: [], n: 0, progress: 0 });
      } catch (error) {
        if (!(error instanceof DrawError)) throw error;
        complain(path, error.message, error.offset);
      }
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) visit(item as Written, [...path, index]);
    } else if (isRecord(value)) {
      for (const [key, item] of Object.entries(value)) if (!skipped.has(key)) visit(item, [...path, key]);
    }
  };
  for (const { steps } of phases) for (const { raw, path } of steps) visit(raw, path);
}
