import { expect, test } from "vitest";
import { namesOf, rulesOf } from "./rules.ts";
import type { Fate } from "./rules.ts";

const names = namesOf("eth1");
const service = "198.18.7.2";
const other = "198.18.7.4";

test("with nothing to do, packets go their own way, and those that are on the wire arrive", () => {
  const script = rulesOf(names, [], [service]);
  expect(script).not.toMatch(/add rule \S+ \S+ (?:arriving|leaving)/);
  expect(chain("far", script)).toEqual(["ip saddr { 198.18.7.2 } accept", 'meta mark set 0x51b2 fwd to "eth1"']);
});

test("a fate is met by those packets of its service that go its way, in the order of the fates", () => {
  const script = rulesOf(names, [
    { id: 3, service, what: "cut", probability: 1, direction: "in" },
    { id: 4, service: other, what: "loss", probability: 0.05, direction: "out" },
    { id: 5, service, what: "duplicate", probability: 1, direction: "both" },
    { id: 6, service, what: "corrupt", probability: 0.000_001, direction: "in" },
  ]);
  const twice =
    'meta mark != 0x51b1 numgen random mod 1000000 < 1000000 meta mark set 0x51b1 counter name "fate-5" dup to "eth1-near"';
  expect(chain("far", script)).toEqual([
    'ip daddr 198.18.7.2 counter name "fate-3" drop',
    'ip saddr 198.18.7.4 numgen random mod 1000000 < 50000 counter name "fate-4" drop',
    `ip daddr 198.18.7.2 ${twice}`,
    `ip saddr 198.18.7.2 ${twice}`,
    'ip daddr 198.18.7.2 numgen random mod 1000000 < 1 counter name "fate-6" jump corrupt',
    "ip saddr { 198.18.7.2, 198.18.7.4 } accept",
    'meta mark set 0x51b2 fwd to "eth1"',
  ]);
});

test("the packets of others behind the same interface keep off the wire", () => {
  const script = rulesOf(names, [{ id: 1, service, what: "cut", probability: 1, direction: "both" }], [service, other]);
  expect(chain("arriving", script)).toEqual(['ip saddr { 198.18.7.2 } fwd to "eth1-near"']);
  expect(chain("leaving", script)).toEqual(["meta mark 0x51b2 accept", 'ip daddr { 198.18.7.2 } fwd to "eth1-near"']);
});

test("one that befalls nobody has a counter and no rule", () => {
  const never: Fate = { id: 0, service, what: "loss", probability: 0, direction: "both" };
  const script = rulesOf(names, [never]);
  expect(chain("far", script)).toEqual(chain("far", rulesOf(names, [], [service])));
  expect(script).toContain("add counter netdev sinbin-eth1 fate-0");
});

test("nothing but its own table is touched", () => {
  const cut: Fate = { id: 1, service, what: "cut", probability: 1, direction: "both" };
  for (const line of rulesOf(names, [cut]).split("\n"))
    expect(line).toMatch(/^(?:add|flush) (?:table|chain|counter|rule) netdev sinbin-eth1\b/);
});

function chain(name: string, script: string): readonly string[] {
  const beginning = `add rule netdev sinbin-eth1 ${name} `;
  return script.split("\n").flatMap((line) => (line.startsWith(beginning) ? [line.slice(beginning.length)] : []));
}
