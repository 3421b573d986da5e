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

test.each([
  ["a query of SliceStat", "slicestat query from=10.0.0.9:5000"],
  ["a call", "rpc call from=10.0.0.9:5000 method=ping bytes=100"],
])("whoever connects for %s is no intruder, and whoever asks nothing is one", (_, asked) => {
  const visit = ["1000.000 10.000 tcp accept from=10.0.0.9:5000", `1000.001 10.001 ${asked}`];
  const left = "1000.002 10.002 tcp gone from=10.0.0.9:5000 by=ours ms=2";
  expect(diagnose(read([...visit, left]), 60_000)).toBe("none");
  expect(diagnose(read([...visit.slice(0, 1), left]), 60_000)).toBe("rpc-intruder");
  // The same port again, and another one's at the same time.
  expect(diagnose(read([...visit, left, ...visit.slice(0, 1), left]), 60_000)).toBe("rpc-intruder");
  expect(diagnose(read([...visit, left.replace("0.9:", "0.8:")]), 60_000)).toBe("none");
});

test("whoever comes by the Unix socket, or came before the dump begins, is no intruder", () => {
  expect(diagnose(read(["1000.000 10.000 tcp accept from=here", "1000.000 10.000 tcp gone from=here"]), 1000)).toBe(
    "none",
  );
  expect(diagnose(read(["1000.000 10.000 tcp gone from=10.0.0.9:5000 by=fin"]), 1000)).toBe("none");
});

test.each([
  ["*/*", "text/plain", "none"],
  ["application/xml, text/xml", "text/xml; charset=utf-8", "none"],
  ["application/xml, text/xml", "text/html", "http-wrong-body"],
])("who asks for %s and gets %s: %s", (accept, type, fault) => {
  const lines = read([
    "1000.000 10.000 tcp connect id=2 to=plc.test:443",
    `1000.001 10.001 http request id=2 method=GET path=/PlanetLabConf/ntp.conf accept="${accept}"`,
    `1000.002 10.002 http reply id=2 status=200 content-length=7 content-type="${type}"`,
    "1000.002 10.002 http body id=2 bytes=7 of=7",
    "1000.003 10.003 tcp close id=2 by=ours in=100 out=100 ms=3 idle_ms=0",
  ]);
  expect(diagnose(lines, 60_000)).toBe(fault);
});

const documentLine = (second: number, slices: number, deleted = ""): string =>
  `10${second}.000 ${second}.000 document read root=slices format=1.0 slices=${slices}${deleted} transfer=ok`;

test("slices that were deleted are not missing, and those that are gone without a word are", () => {
  expect(diagnose(read([documentLine(10, 3), documentLine(16, 2, " deleted=1"), documentLine(22, 2)]), 60_000)).toBe(
    "none",
  );
  expect(diagnose(read([documentLine(10, 3), documentLine(16, 1, " deleted=1")]), 60_000)).toBe(
    "document-missing-slices",
  );
  expect(diagnose(read([documentLine(10, 3), documentLine(16, 2)]), 60_000)).toBe("document-missing-slices");
});

test.each([
  [500, "none"],
  [0, "tcp-drip"],
])("a busy node takes its time with what has come: %d ms after the last byte, %s", (idleMs, fault) => {
  const lines = read([
    "1000.000 10.000 tcp connect id=2 to=plc.test:443",
    '1000.001 10.001 http reply id=2 status=200 content-length=7 content-type="text/xml"',
    "1000.501 10.501 http body id=2 bytes=7 of=7",
    `1000.501 10.501 tcp close id=2 by=ours in=100 out=100 ms=501 idle_ms=${idleMs}`,
  ]);
  expect(diagnose(lines, 60_000)).toBe(fault);
});
