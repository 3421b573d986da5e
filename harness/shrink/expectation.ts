/** An expectation, back in the words of a plan. */
import { durationUnit, shareUnit } from "../../faults/units.ts";
import type { Expectation, Written } from "../plan/schema.ts";
import type { Raw } from "../plan/raw.ts";

export function writtenExpectation(expectation: Expectation): Raw {
  const { name, during, severity } = expectation;
  return {
    ...words(expectation),
    ...(during === undefined ? {} : { during }),
    ...(name === undefined ? {} : { name }),
    ...(severity === "fail" ? {} : { severity }),
  };
}

function words(expectation: Expectation): Readonly<Record<string, Written>> {
  const { word, expression } = expectation;
  switch (word) {
    case "always":
    case "never":
      return { [word]: expression, ...(expectation.for === 0 ? {} : { for: durationUnit.format(expectation.for) }) };
    case "eventually":
      return { [word]: expression, within: durationUnit.format(expectation.within) };
    case "whenever": {
      const { then, within, tolerate, may_miss: mayMiss } = expectation;
      const tolerated = "share" in tolerate ? shareUnit.format(tolerate.share) : tolerate.count;
      return {
        [word]: expression,
        // oxlint-disable-next-line unicorn/no-thenable -- a word of the language; its value is a text.
        then,
        within: durationUnit.format(within),
        ...(tolerated === 0 ? {} : { tolerate: tolerated }),
        ...(mayMiss ? { may_miss: true } : {}),
      };
    }
    case "at_end":
    case "sometimes":
      return { [word]: expression };
    default:
      return word satisfies never;
  }
}
