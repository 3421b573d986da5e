import { expect, test } from "vitest";
import { createAverages } from "./averages.ts";

const totals = (at: number, bytes: number) => ({ at, of: new Map([["mit_dht", bytes]]) });

test("averages are over 1, 5 and 15 minutes, and over what is known if that is less", () => {
  const averages = createAverages();
  // A byte each millisecond for ten minutes, then nothing.
  for (let at = 0; at <= 600_000; at += 1000) averages.add(totals(at, at));
  expect(averages.upTo(totals(600_000, 600_000), "mit_dht")).toEqual([1, 1, 1]);
  for (let at = 601_000; at <= 750_000; at += 1000) averages.add(totals(at, 600_000));
  expect(averages.upTo(totals(750_000, 600_000), "mit_dht")).toEqual([0, 0.5, 0.8]);
});

test("what is there at first does not count, and what comes later began at nothing", () => {
  const averages = createAverages();
  averages.add(totals(0, 5_000_000));
  expect(averages.upTo(totals(0, 5_000_000), "mit_dht")).toEqual([0, 0, 0]);
  const later = { at: 10_000, of: new Map([...totals(0, 5_000_000).of, ["mit_new", 20_000] as const]) };
  expect(averages.upTo(later, "mit_dht")).toEqual([0, 0, 0]);
  expect(averages.upTo(later, "mit_new")).toEqual([2, 2, 2]);
});

test("a day later it is still the last 15 minutes, and of somebody who is gone nothing", () => {
  const averages = createAverages();
  for (let at = 0; at <= 86_400_000; at += 1000) averages.add(totals(at, 2 * at));
  expect(averages.upTo(totals(86_400_000, 172_800_000), "mit_dht")).toEqual([2, 2, 2]);
  expect(averages.upTo({ at: 86_400_000, of: new Map() }, "mit_dht")).toEqual([0, 0, 0]);
});
