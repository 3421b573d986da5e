import { expect, test } from "vitest";
import { namesOf, rulesOf } from "./rules.ts";
import type { Fate } from "./rules.ts";

const names = namesOf("eth1", "198.18.7.2");
const farEnd = (...fates: readonly Fate[]): readonly string[] =>
  rulesOf(names, fates)
    .split("\n")
    .flatMap((line) => (line.startsWith("add rule netdev sinbin-eth1 far ") ? [line.slice(32)] : []));

test("with nothing to do, packets go their own way, and those that are on the wire arrive", () => {
  const script = rulesOf(names, []);
  expect(script).not.toMatch(/add rule \S+ \S+ (?:arriving|leaving)/);
  expect(farEnd()).toEqual(["ip saddr 198.18.7.2 accept", 'meta mark set 0x51b2 fwd to "eth1"']);
});

test("a fate is met by those packets that go its way, in the order of the fates", () => {
  expect(
    farEnd(
      { id: 3, what: "cut", probability: 1, direction: "in" },
      { id: 4, what: "loss", probability: 0.05, direction: "out" },
      { id: 5, what: "duplicate", probability: 1, direction: "both" },
      { id: 6, what: "corrupt", probability: 0.000_001, direction: "both" },
    ).slice(0, -2),
  ).toEqual([
    'ip daddr 198.18.7.2 counter name "fate-3" drop',
    'ip saddr 198.18.7.2 numgen random mod 1000000 < 50000 counter name "fate-4" drop',
    'meta mark != 0x51b1 numgen random mod 1000000 < 1000000 meta mark set 0x51b1 counter name "fate-5" dup to "eth1-near"',
    'numgen random mod 1000000 < 1 counter name "fate-6" jump corrupt',
  ]);
});

test("one that befalls nobody has a counter and no rule", () => {
  const never: Fate = { id: 0, what: "loss", probability: 0, direction: "both" };
  expect(farEnd(never)).toEqual(farEnd());
  expect(rulesOf(names, [never])).toContain("add counter netdev sinbin-eth1 fate-0");
});

test("nothing but its own table is touched", () => {
  for (const line of rulesOf(names, [{ id: 1, what: "cut", probability: 1, direction: "both" }]).split("\n"))
    expect(line).toMatch(/^(?:add|flush) (?:table|chain|counter|rule) netdev sinbin-eth1\b/);
});
