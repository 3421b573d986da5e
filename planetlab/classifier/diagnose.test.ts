/** From lines of a dump to the class of a fault: what the runs of suites/dumps.test.ts don't reach. */
import { expect, test } from "vitest";
import { diagnose } from "./diagnose.ts";
import { readLine } from "./line.ts";

const read = (texts: readonly string[]) => texts.flatMap((text) => readLine(text) ?? []);

test("a line is read as it was written, with what is quoted; what is none is left out", () => {
  const [line, ...others] = read([
    '1102204800.123 12.345 document malformed why="stale: \\"5\\" after 6" bytes=12 hex=3c3f',
    "not a line of a dump",
    "",
  ]);
  expect(others).toEqual([]);
  expect(line).toMatchObject({ wall: 1_102_204_800_123, at: 12_345, plane: "document", event: "malformed" });
  expect(Object.fromEntries(line?.facts ?? [])).toEqual({ why: 'stale: "5" after 6', bytes: "12", hex: "3c3f" });
});

test("what a fault leads to does not hide it: after a step of the clock the time servers seem wrong, too", () => {
  const lines = read([
    "1000.000 10.000 dns question name=plc.test",
    "1040.100 10.100 dns answer name=plc.test ms=1",
    "1040.200 10.200 ntp answer peer=ntp offset_ms=-40000",
    "1044.200 14.200 ntp answer peer=ntp offset_ms=-40000",
  ]);
  expect(diagnose(lines, 60_000)).toBe("clock-step");
  expect(diagnose(lines, 1000)).toBe("ntp-wrong-time");
  expect(diagnose(lines.slice(0, 1), 60_000)).toBe("none");
});
