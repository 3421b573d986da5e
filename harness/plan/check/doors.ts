/** `link:fetch` in a parameter that is an address stands for where the client of that link finds its server: it must be there. */
import type { z } from "zod";
import { linkIn, takesLink } from "../../../faults/place.ts";
import { isRecord, valueAt } from "../raw.ts";
import type { Written } from "../schema.ts";
import type { RawStep } from "../step.ts";
import type { Path } from "../tree.ts";
import type { Checking } from "./checking.ts";
import { known } from "./known.ts";

export function checkDoors({ faults }: RawStep, checking: Checking): void {
  /** Whatever may be drawn. */
  const visit = (value: Written | undefined, at: Path): void => {
    const link = linkIn(value);
    if (link !== undefined) known(checking, at, "link", link, checking.links);
    else if (Array.isArray(value))
      for (const [index, each] of (value as readonly Written[]).entries()) visit(each, [...at, index]);
    else if (isRecord(value)) for (const [key, each] of Object.entries(value)) visit(each, [...at, key]);
  };
  for (const { fault, path } of faults) {
    const written = valueAt(checking.document, path);
    for (const [name, schema] of Object.entries(fault.parameters.shape))
      if (takesLink(schema as z.ZodType)) visit(isRecord(written) ? written[name] : undefined, [...path, name]);
  }
}
