/** docs/time.md: which fault each row of what goes wrong with time is. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { faults } from "../../faults/registry.ts";

const fileAt = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const page = fileAt("docs/time.md");
const kindsIn = (text: string): readonly string[] =>
  [...text.matchAll(/`([a-z]+\.[a-z-]+)(?::[^`]*)?`/g)].map(([, kind = ""]) => kind);
const rows = page.split("\n").flatMap((line) => {
  const [, number, , fault, judge] = /^\| +(\d+) +\|([^|]*)\|([^|]*)\|([^|]*)\|$/.exec(line) ?? [];
  return number === undefined ? [] : [{ number: Number(number), kinds: kindsIn(fault ?? ""), judge: judge ?? "" }];
});

test("has all rows, and every fault of ntp and of clocks", () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 38 }, (_, n) => n + 1));
  const kinds = new Set(kindsIn(page));
  const missing = [...faults.values()].filter(
    ({ plane, kind }) => ["ntp", "clock"].includes(plane) && !kinds.has(kind),
  );
  expect(missing.map(({ kind }) => kind)).toEqual([]);
});

/** In the naive client's tests chronyd judges, too. */
const tests: Readonly<Record<string, readonly string[]>> = {
  "chronyd -Q": ["proxies/ntp/faults.test.ts", "proxies/ntp/naive.test.ts"],
  "chrony ": ["proxies/ntp/chrony.test.ts"],
  "naive client": ["proxies/ntp/naive.test.ts"],
  ECONNREFUSED: ["proxies/ntp/naive.test.ts"],
  "asks another by name": ["harness/run/ntp.test.ts"],
  timekeeper: ["harness/timekeeper/timekeeper.test.ts"],
};

describe.each(rows)("row $number", ({ kinds, judge }) => {
  test("names faults that there are, and judges in whose tests one of them is", () => {
    expect(kinds.filter((kind) => !faults.has(kind))).toEqual([]);
    const judges = Object.entries(tests).flatMap(([who, paths]) => (`${judge.trim()} `.includes(who) ? paths : []));
    expect(judges).not.toEqual([]);
    const ofNtp = kinds.filter((kind) => kind.startsWith("ntp."));
    const texts = [...new Set(judges)].map(fileAt);
    const judged = ofNtp.filter((kind) => texts.some((text) => text.includes(`"${kind}"`)));
    expect(judged.length).toBeGreaterThanOrEqual(Math.min(1, ofNtp.length));
  });
});
