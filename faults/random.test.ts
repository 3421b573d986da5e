import { describe, expect, test } from "vitest";
import { stream, uniform } from "./random.ts";

const seeds = [0, 1, 7, 20_040_311, 2 ** 53 - 1];
const draws = 100_000;

const bits = (u: number): number => Math.floor(u * 2 ** 32);

describe("uniform numbers", () => {
  test.each(seeds)("of seed %d have the mean, the variance and the spread of a fair die", (seed) => {
    const draw = stream(seed, ["storm", "gap"]);
    const cells = Array.from({ length: 100 }, () => 0);
    let sum = 0;
    let low = 1;
    let high = 0;
    let squares = 0;
    let serial = 0;
    let last = 0.5;
    for (let n = 0; n < draws; n += 1) {
      const u = draw("jitter", n);
      low = Math.min(low, u);
      high = Math.max(high, u);
      sum += u;
      squares += u * u;
      serial += (u - 0.5) * (last - 0.5);
      last = u;
      const cell = Math.floor(u * 100);
      cells[cell] = (cells[cell] ?? 0) + 1;
    }
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThan(1);
    const expected = draws / 100;
    const chiSquare = cells.reduce((total, seen) => total + (seen - expected) ** 2 / expected, 0);
    expect(Math.abs(sum / draws - 0.5)).toBeLessThan(0.004);
    expect(Math.abs(squares / draws - 1 / 3)).toBeLessThan(0.004);
    expect(Math.abs(serial / draws)).toBeLessThan(0.001);
    // 99 degrees of freedom: 1 in 10,000 is above 161, and below 51.
    expect(chiSquare).toBeLessThan(161);
    expect(chiSquare).toBeGreaterThan(51);
  });

  test("one bit of a number, a letter or a seed changes half of the bits", () => {
    const pairs = Array.from({ length: 2000 }, (_, n) => [
      [uniform(1, ["a", n]), uniform(1, ["a", n + 1])],
      [uniform(n, ["a", 1]), uniform(n + 1, ["a", 1])],
      [uniform(1, [`step${n}`, 1]), uniform(1, [`step${n}x`, 1])],
    ]);
    for (const kind of [0, 1, 2]) {
      const flipped = pairs.map((all) => {
        const [one = 0, other = 0] = all[kind] ?? [];
        return ((bits(one) ^ bits(other)) >>> 0).toString(2).replaceAll("0", "").length;
      });
      const mean = flipped.reduce((sum, count) => sum + count, 0) / flipped.length;
      expect(mean).toBeGreaterThan(14.5);
      expect(mean).toBeLessThan(17.5);
    }
  });

  test("paths that look alike are different", () => {
    const paths = [
      ["ab"],
      ["a", "b"],
      ["a", "", "b"],
      ["b", "a"],
      [1],
      ["1"],
      [1, 2],
      [12],
      [2, 1],
      [0],
      [0.5],
      [],
      [""],
    ];
    expect(new Set(paths.map((path) => uniform(1, path))).size).toBe(paths.length);
  });

  test("a stream is the same as the path that it stands for", () => {
    const draw = stream(7, ["storm", 3]);
    expect(draw("gap", 5)).toBe(uniform(7, ["storm", 3, "gap", 5]));
    expect(draw("gap", 5)).toBe(uniform(7, ["storm", 3, "gap", 5]));
  });

  test("the numbers are what they have always been: a saved seed must replay", () => {
    expect([
      uniform(1, []),
      uniform(7, ["storm", "gap", 0]),
      uniform(7, ["storm", "gap", 1]),
      uniform(-1.5, ["é"]),
    ]).toEqual([0.3551421039608037, 0.2915632498995042, 0.7478774138486692, 0.5997700116204621]);
  });
});
