import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { bounds, distribution, drawFrom, drawQuantity, isDistribution, perItem } from "./distribution.ts";
import { stream } from "./random.ts";
import { count, countUnit, duration, durationUnit, share, shareUnit, size } from "./units.ts";

const draw = stream(1, ["test"]);
const at = (n: number, progress = 0) => ({ n, progress, uniform: (k: number) => draw(`value.${k}`, n) });
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const many = Array.from({ length: 20_000 }, (_, n) => n);

describe("in a plan", () => {
  test.each([
    ["10ms..2s", { uniform: [10, 2000] }],
    [{ uniform: ["10ms", "2s"] }, { uniform: [10, 2000] }],
    [{ normal: ["1s", "100ms"] }, { normal: [1000, 100] }],
    [{ exponential: "1s" }, { exponential: 1000 }],
    [{ lognormal: ["1s", 0.5] }, { lognormal: [1000, 0.5] }],
    [{ laplace: ["1s", "100ms"] }, { laplace: [1000, 100] }],
    [{ pareto: ["1s", 2.5] }, { pareto: [1000, 2.5] }],
    [
      { choice: ["1s", { value: "2s", weight: 3 }] },
      {
        choice: [
          { value: 1000, weight: 1 },
          { value: 2000, weight: 3 },
        ],
      },
    ],
    [{ cycle: ["1s", "2s"] }, { cycle: [1000, 2000] }],
    [{ ramp: ["2s", "1s"] }, { ramp: [2000, 1000] }],
    [{ trace: ["1s"] }, { trace: [1000] }],
  ])("%#: %j", (written, parsed) => {
    const value = distribution(duration).parse(written);
    expect(value).toEqual(parsed);
    expect(isDistribution(value)).toBe(true);
  });

  test.each([
    ["2s..1s"],
    ["1..2"],
    [{ uniform: ["2s", "1s"] }],
    [{ uniform: [1, 2] }],
    [{ normal: ["1s"] }],
    [{ cycle: [] }],
    [{}],
    [{ gauss: 1 }],
    [{ uniform: ["1s", "2s"], normal: ["1s", "1s"] }],
    [3],
    [null],
  ])("%#: %j is refused", (written) => {
    expect(distribution(duration).safeParse(written).success).toBe(false);
  });

  test("words can be chosen, cycled and traced, and that is all", () => {
    const word = distribution(z.enum(["HUP", "TERM"]));
    expect(word.parse({ cycle: ["HUP", "TERM"] })).toEqual({ cycle: ["HUP", "TERM"] });
    expect(word.safeParse({ uniform: ["HUP", "TERM"] }).success).toBe(false);
    expect(word.safeParse("HUP..TERM").success).toBe(false);
  });

  test("a parameter per item takes a scalar or a distribution, but no ramp", () => {
    expect(perItem(size).parse("16B")).toBe(16);
    expect(perItem(size).parse("16B..32B")).toEqual({ uniform: [16, 32] });
    expect(perItem(size).safeParse({ ramp: ["1B", "2B"] }).error?.issues[0]?.message).toMatch(
      /^write a size .*, or a distribution/,
    );
  });

  test("the JSON Schema of the input can be made", () => {
    expect(z.toJSONSchema(perItem(duration), { io: "input", target: "draft-7" })).toHaveProperty("anyOf");
  });
});

describe("draws", () => {
  test("uniform stays within its ends and has the middle as its mean", () => {
    const values = many.map((n) => drawFrom({ uniform: [10, 30] }, at(n)));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...values)).toBeLessThan(30);
    expect(Math.abs(mean(values) - 20)).toBeLessThan(0.2);
  });

  test("whole numbers include both ends, as often as the others", () => {
    const values = many.map((n) => drawQuantity({ uniform: [1, 4] }, countUnit(0), at(n)));
    for (const value of [1, 2, 3, 4])
      expect(Math.abs(values.filter((each) => each === value).length - 5000)).toBeLessThan(250);
  });

  test("normal, exponential and lognormal have their mean, deviation and median", () => {
    const normal = many.map((n) => drawFrom({ normal: [100, 10] }, at(n)));
    expect(Math.abs(mean(normal) - 100)).toBeLessThan(0.3);
    expect(Math.abs(Math.sqrt(mean(normal.map((value) => (value - 100) ** 2))) - 10)).toBeLessThan(0.3);
    const exponential = many.map((n) => drawFrom({ exponential: 50 }, at(n)));
    expect(Math.abs(mean(exponential) - 50)).toBeLessThan(1.5);
    expect(Math.min(...exponential)).toBeGreaterThanOrEqual(0);
    const lognormal = many.map((n) => drawFrom({ lognormal: [50, 0.5] }, at(n))).sort((a, b) => a - b);
    expect(Math.abs((lognormal[10_000] ?? 0) - 50)).toBeLessThan(1.5);
  });

  test("laplace and pareto have their mean, deviation and median, and pareto its least value", () => {
    const laplace = many.map((n) => drawFrom({ laplace: [100, 10] }, at(n)));
    expect(Math.abs(mean(laplace) - 100)).toBeLessThan(0.5);
    expect(Math.abs(Math.sqrt(mean(laplace.map((value) => (value - 100) ** 2))) - 10 * Math.SQRT2)).toBeLessThan(0.5);
    const pareto = many.map((n) => drawFrom({ pareto: [10, 3] }, at(n))).sort((a, b) => a - b);
    expect(pareto[0]).toBeGreaterThanOrEqual(10);
    expect(Math.abs((pareto[10_000] ?? 0) - 10 * 2 ** (1 / 3))).toBeLessThan(0.2);
    expect(Math.abs(mean(pareto) - 15)).toBeLessThan(0.5);
  });

  test.each([{ lognormal: [0, 1e6] as const }, { pareto: [0, 1e-6] as const }])(
    "%j is nothing, however far out on its tail",
    (distribution) => {
      for (const n of many.slice(0, 100)) expect(drawFrom(distribution, at(n))).toBe(0);
    },
  );

  test("a choice goes by weight", () => {
    const choice = [
      { value: "a", weight: 1 },
      { value: "b", weight: 3 },
    ];
    const values = many.map((n) => drawFrom({ choice }, at(n)));
    expect(Math.abs(values.filter((value) => value === "b").length - 15_000)).toBeLessThan(300);
  });

  test("a cycle begins again, a trace stays at its end, a ramp follows the occurrence", () => {
    expect([0, 1, 2, 3].map((n) => drawFrom({ cycle: [1, 2, 3] }, at(n)))).toEqual([1, 2, 3, 1]);
    expect([0, 1, 2, 3].map((n) => drawFrom({ trace: [1, 2] }, at(n)))).toEqual([1, 2, 2, 2]);
    expect([0, 0.5, 1].map((progress) => drawFrom({ ramp: [10, 20] }, at(0, progress)))).toEqual([10, 15, 20]);
  });

  test("a quantity is rounded to what can be written and kept within its unit", () => {
    expect(drawQuantity({ normal: [-1000, 0] }, durationUnit, at(0))).toBe(0);
    expect(drawQuantity({ normal: [5, 0] }, shareUnit, at(0))).toBe(1);
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1e6, noNaN: true }), (n, width) => {
        const value = drawQuantity({ normal: [width, width] }, durationUnit, at(n));
        expect(duration.parse(durationUnit.format(value))).toBe(value);
      }),
    );
  });
});

describe("bounds", () => {
  test.each([
    [{ uniform: [1, 2] } as const, [1, 2]],
    [{ ramp: [5, 2] } as const, [2, 5]],
    [{ cycle: [3, 1, 2] }, [1, 3]],
    [{ trace: [3, 1, 2] }, [1, 3]],
    [
      {
        choice: [
          { value: 4, weight: 1 },
          { value: 2, weight: 1 },
        ],
      },
      [2, 4],
    ],
    [{ normal: [1, 1] } as const, undefined],
    [{ exponential: 1 }, undefined],
  ])("%j: %j", (of, expected) => {
    expect(bounds<number>(of)).toEqual(expected);
  });

  test("no draw of a bounded distribution leaves them", () => {
    const bounded = distribution(count(0)).parse({ choice: [3, { value: 9, weight: 2 }] });
    for (const n of many.slice(0, 100)) expect([3, 9]).toContain(drawFrom(bounded, at(n)));
    expect(bounds(distribution(share).parse("5%..10%"))).toEqual([0.05, 0.1]);
  });
});
