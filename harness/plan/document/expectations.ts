/** What must hold: the same five words everywhere. */
import { z } from "zod";
import { duration, share } from "../../../faults/units.ts";
import { bound, exactlyOne, expression, label, sentence } from "./words.ts";

export const expectationWords = ["always", "never", "eventually", "whenever", "at_end", "sometimes"] as const;

const severity = z
  .enum(["fail", "warn"], "write fail or warn")
  .meta({ description: "`warn` is reported, and changes no verdict." });
export type Severity = z.output<typeof severity>;

function asShare(of: number): Tolerance {
  return { share: of };
}

function asCount(of: number): Tolerance {
  return { count: of };
}

/** How many of the occasions may be missed: a number, or a share of them between 0 and 1. */
export type Tolerance = { readonly count: number } | { readonly share: number };

const shape = {
  always: expression.optional().meta({ description: "True all the time, from the end of the warm-up on." }),
  never: expression.optional().meta({ description: "False all the time; of an event: it does not happen." }),
  eventually: expression
    .optional()
    .meta({ description: "Becomes true within `within` after the last fault was lifted." }),
  whenever: expression
    .optional()
    .meta({ description: "Each time that this becomes true, `then` must be true `within` the time given." }),
  at_end: expression.optional().meta({ description: "True when the run ends." }),
  sometimes: expression
    .optional()
    .meta({ description: "True at least once; else nothing was tested, and the verdict is unknown." }),
  // oxlint-disable-next-line unicorn/no-thenable -- a word of the language; its value is a text.
  then: expression.optional().meta({ description: "What must be true after `whenever`." }),
  within: bound(duration).optional().meta({ description: "The deadline of `eventually` and `whenever`." }),
  may_miss: z
    .boolean("write true or false")
    .optional()
    .meta({ description: "There need not be an occasion for `whenever`; without it, having none is unknown." }),
  tolerate: bound(
    z.union([
      share.transform(asShare),
      z.int("write a number of occasions or a share, such as 3 or 20%").nonnegative().transform(asCount),
    ]),
  )
    .optional()
    .meta({ description: "How many occasions of `whenever` may be missed: a number or a share, such as 20%." }),
  for: bound(duration)
    .optional()
    .meta({ description: "A breach of `always` or `never` counts only if it lasts longer than this." }),
  during: label.optional().meta({ description: "Only while this phase, or an occurrence of this step, lasts." }),
  name: sentence.optional(),
  severity: severity.prefault("fail"),
};

export const expectationDocument = exactlyOne(
  z.strictObject(shape),
  expectationWords,
  "write exactly one of always, never, eventually, whenever, at_end and sometimes",
).meta({ id: "expectation" });
