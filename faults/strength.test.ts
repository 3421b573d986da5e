import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { faults } from "./registry.ts";
import { strengthsOf, valueAt, writtenAt } from "./strength.ts";
import { count, duration, rate } from "./units.ts";

const delay = duration.meta({ strengths: ["1ms", "10s"] });

describe("strengths", () => {
  test("go by orders of magnitude where both ends are above 0, and evenly else", () => {
    const logarithmic = strengthsOf(delay);
    const linear = strengthsOf(duration.optional().meta({ strengths: ["10s", "0ms"] }));
    expect(logarithmic && [0, 0.25, 0.5, 1].map((strength) => writtenAt(logarithmic, strength))).toEqual([
      "1ms",
      "10ms",
      "100ms",
      "10s",
    ]);
    expect(linear && [0, 0.5, 1].map((strength) => writtenAt(linear, strength))).toEqual(["10s", "5s", "0ms"]);
  });

  test("of a count are whole and bare, and of a rate the mildest is the largest", () => {
    const many = strengthsOf(count(1).meta({ strengths: [1, 200] }));
    const fast = strengthsOf(rate.meta({ strengths: ["1MiB/s", "100B/s"] }));
    expect(many && writtenAt(many, 0.5)).toBe(14);
    expect(fast && [valueAt(fast, 0), valueAt(fast, 1)]).toEqual([1_048_576, 100]);
  });

  test("are what the parameter itself can read, and lie between the ends, for every fault", () => {
    const all = [...faults.values()].flatMap(({ kind, parameters }) =>
      Object.entries(parameters.shape).flatMap(([name, schema]) => {
        const strengths = strengthsOf(schema);
        return strengths === undefined ? [] : [{ name: `${kind} ${name}`, schema, strengths }];
      }),
    );
    expect(all.length).toBeGreaterThan(10);
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    for (const { name, schema, strengths } of all) {
      fc.assert(
        fc.property(unit, (strength) => {
          const value = valueAt(strengths, strength);
          const [low = 0, high = 0] = [strengths.mildest, strengths.severest].sort((one, other) => one - other);
          expect({
            name,
            within: low <= value && value <= high,
            read: schema.parse(writtenAt(strengths, strength)),
          }).toEqual({ name, within: true, read: value });
        }),
      );
    }
  });

  test("a parameter that declares none has none", () => {
    expect(strengthsOf(duration)).toBeUndefined();
  });
});
