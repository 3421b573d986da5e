import { expect, test } from "vitest";
import { readRows } from "./rows.ts";
import { worstShare } from "./shares.ts";
import { sumUp } from "./used.ts";

/** As codeen.cs.princeton.edu gave it. */
const field =
  "mit_dht,636,0.0,0.5,5416,21980,3,0.000000,0.026605,0.026605,0.000000,0.226073,0.226073,128.112.139.71,0\n";

test("a line of the field is a row, and what is none is counted", () => {
  expect(readRows(`${field}mit_dht,636,0.0\n${field.replace("636", "x")}`)).toEqual({
    rows: [
      {
        name: "mit_dht",
        cpuPercent: 0,
        memoryPercent: 0.5,
        residentKB: 5416,
        virtualKB: 21_980,
        processes: 3,
        sentKbps: [0, 0.026605, 0.026605],
        receivedKbps: [0, 0.226073, 0.226073],
        active: 0,
      },
    ],
    malformed: 2,
  });
});

test("what slices use together is the sum of each column", () => {
  const { rows } = readRows(field + field);
  expect(sumUp(rows)).toEqual({
    memory_percent: 1,
    resident_kb: 10_832,
    virtual_kb: 43_960,
    processes: 6,
    active: 0,
    sent_kbps_1: 0,
    sent_kbps_5: 0.05321,
    sent_kbps_15: 0.05321,
    received_kbps_1: 0,
    received_kbps_5: 0.452146,
    received_kbps_15: 0.452146,
  });
});

test("the worst share is the one that is farthest from its weight, above or below", () => {
  const rows = [10, 20, 30].map((cpuPercent, n) => ({ name: `slice_${n}`, cpuPercent }));
  const weights = new Map([
    ["slice_0", 1],
    ["slice_1", 2],
    ["slice_2", 3],
  ]);
  expect(worstShare(rows, weights)).toMatchObject({ off_by: 0, cpu_percent: 60 });
  expect(worstShare(rows, new Map([...weights, ["slice_2", 1]]))).toMatchObject({ slice: "slice_2", of_its_share: 2 });
  expect(worstShare(rows, new Map())).toBeUndefined();
});
