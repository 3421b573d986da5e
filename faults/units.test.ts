import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  count,
  duration,
  durationUnit,
  formatDuration,
  formatRate,
  formatShare,
  formatSize,
  parseQuantity,
  rate,
  rateUnit,
  settle,
  share,
  shareUnit,
  size,
  sizeUnit,
} from "./units.ts";

describe("text with a unit", () => {
  test.each([
    [duration, "250ms", 250],
    [duration, "3s", 3000],
    [duration, "2m", 120_000],
    [duration, "1h", 3_600_000],
    [duration, "2d", 172_800_000],
    [duration, "1.5s", 1500],
    [duration, "50us", 0.05],
    [duration, "0.3s", 300],
    [size, "16B", 16],
    [size, "64KiB", 65_536],
    [size, "2MiB", 2_097_152],
    [size, "10kB", 10_000],
    [size, "1.5KiB", 1536],
    [rate, "200B/s", 200],
    [rate, "64KiB/s", 65_536],
    [rate, "10Mbit/s", 1_250_000],
    [rate, "3bit/s", 0.375],
    [share, "5%", 0.05],
    [share, "100%", 1],
    [count(1), 200, 200],
  ] as const)("%#: %s", (schema, text, value) => {
    expect(schema.parse(text)).toBe(value);
  });

  test.each([
    [duration, 250, "write a duration with its unit, such as 250ms, 3s or 2m"],
    [duration, "250", "write a duration with its unit, such as 250ms, 3s or 2m"],
    [duration, "-3s", "-3s is below 0: write a duration with its unit, such as 250ms, 3s or 2m"],
    [duration, "1e3s", "write a duration with its unit, such as 250ms, 3s or 2m"],
    [duration, "999999999d", "write a duration with its unit, such as 250ms, 3s or 2m"],
    [size, 64, "write a size in whole bytes with its unit, such as 16B, 64KiB or 2MiB"],
    [size, "1.5B", "write a size in whole bytes with its unit, such as 16B, 64KiB or 2MiB"],
    [rate, "0B/s", "write a rate above 0 with its unit, such as 200B/s, 64KiB/s or 10Mbit/s"],
    [rate, "64KiB", "write a rate above 0 with its unit, such as 200B/s, 64KiB/s or 10Mbit/s"],
    [share, "101%", "write a share from 0% to 100%, such as 5%"],
    [share, 0.05, "write a share from 0% to 100%, such as 5%"],
    [count(1), 0, "write a whole number of 1 or more"],
    [count(1), 1.5, "write a whole number of 1 or more"],
    [count(1, 10), "3", "write a whole number of 1 or more, up to 10"],
  ] as const)("%#: %s is refused with what to write instead", (schema, text, message) => {
    expect(schema.safeParse(text).error?.issues.map((issue) => issue.message)).toEqual([message]);
  });

  test("any of the units is read where the place is not known yet", () => {
    expect(parseQuantity("90s")).toMatchObject({ unit: { name: "duration" }, value: 90_000 });
    expect(parseQuantity("64KiB/s")).toMatchObject({ unit: { name: "rate" }, value: 65_536 });
    expect(parseQuantity("hello")).toBeUndefined();
  });
});

describe("formatting", () => {
  test.each([
    [formatDuration, 0, "0ms"],
    [formatDuration, 250, "250ms"],
    [formatDuration, 500, "500ms"],
    [formatDuration, 1500, "1.5s"],
    [formatDuration, 90_000, "90s"],
    [formatDuration, 60_000, "1m"],
    [formatDuration, 86_400_000, "1d"],
    [formatDuration, 0.05, "50us"],
    [formatDuration, 12.345, "12.345ms"],
    [formatSize, 0, "0B"],
    [formatSize, 65_536, "64KiB"],
    [formatSize, 10_000, "10kB"],
    [formatSize, 1000, "1kB"],
    [formatRate, 200, "200B/s"],
    [formatRate, 0.375, "3bit/s"],
    [formatShare, 0.05, "5%"],
  ] as const)("%#: %d", (format, value, text) => {
    expect(format(value)).toBe(text);
  });

  const units = [
    { unit: durationUnit, schema: duration },
    { unit: sizeUnit, schema: size },
    { unit: rateUnit, schema: rate },
    { unit: shareUnit, schema: share },
  ];
  test.each(units)("what $unit.name writes, it reads back exactly, for all that can be drawn", ({ unit, schema }) => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: unit.maximum, noNaN: true }), (drawn) => {
        const value = settle(unit, drawn);
        expect(schema.parse(unit.format(value))).toBe(value);
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1000, noNaN: true }), (drawn) => {
        const value = settle(unit, drawn);
        expect(schema.parse(unit.format(value))).toBe(value);
      }),
    );
  });

  test("any text is a number or a sentence", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d.]{1,8}(ms|s|kB|B\/s|%)$/)), (text) => {
        for (const { unit, schema } of units) {
          const { data = unit.minimum, error } = schema.safeParse(text);
          expect(data).toBeGreaterThanOrEqual(unit.minimum);
          expect((error?.issues ?? []).filter(({ message }) => message !== unit.help)).toEqual([]);
        }
      }),
    );
  });
});
