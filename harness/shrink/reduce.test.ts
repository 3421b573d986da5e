import { array, assert, asyncProperty, integer, nat, record, uniqueArray } from "fast-check";
import { describe, expect, test } from "vitest";
import { recordAt } from "../plan/raw.ts";
import type { Raw } from "../plan/raw.ts";
import type { PlanDocument } from "../plan/schema.ts";
import { phasesOf, placedSteps, readDuration, withSteps } from "./document.ts";
import { reduce } from "./reduce.ts";

const step = (n: number, rest: Raw = {}): Raw => ({
  "tcp.latency": { delay: "500ms" },
  name: `slow#${n}`,
  where: "fetch",
  at: `${n + 1}s`,
  for: "10s",
  ...rest,
});

const document = (...steps: readonly Raw[]): PlanDocument => ({
  plan: "p",
  seed: 1,
  services: { node: { program: "node.ts" }, plc: { program: "plc.ts" }, idle: { program: "idle.ts" } },
  links: { fetch: { from: "node", to: "plc" }, spare: { from: "idle", to: "plc" } },
  steady: [{ always: "node.alive" }, { always: "idle.alive" }],
  phases: [
    { name: "warm-up", until: "steady", timeout: "30s" },
    { name: "calm", for: "10s" },
    { name: "storm", for: "60s", faults: [...steps] },
    { name: "heal", until: "steady", timeout: "30s" },
  ],
  expect: [{ never: "node.exited" }],
});

const namesOf = (plan: PlanDocument): readonly unknown[] => placedSteps(plan).map(({ step: { name } }) => name);
const stepIn = (plan: PlanDocument): Raw => placedSteps(plan)[0]?.step ?? {};

test("takes away all that has no part in it, whatever has", async () => {
  await assert(
    asyncProperty(
      uniqueArray(nat(30), { minLength: 1, maxLength: 12 }),
      array(array(nat(30), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
      record({ delay: integer({ min: 1, max: 500 }), length: integer({ min: 1, max: 10_000 }) }),
      async (numbers, reasons, { delay, length }) => {
        const whole = document(...numbers.map((n) => step(n)));
        // Fails if all steps of one of the reasons are there, strong and long enough.
        const fails = (plan: PlanDocument): boolean => {
          const there = new Set(
            placedSteps(plan)
              .filter(({ step: each }) => (readDuration(recordAt(each, "tcp.latency")["delay"]) ?? 0) >= delay)
              .filter(({ step: each }) => (readDuration(each["for"]) ?? Infinity) >= length)
              .map(({ step: { name } }) => JSON.stringify(name)),
          );
          return reasons.some((reason) => reason.every((n) => there.has(`"slow#${n}"`)));
        };
        if (!fails(whole)) return;
        const left = await reduce(whole, async (plan) => fails(plan));
        expect(fails(left)).toBe(true);
        const kept = placedSteps(left);
        for (const gone of kept)
          expect(
            fails(
              withSteps(
                left,
                kept.filter((placed) => placed !== gone),
              ),
            ),
          ).toBe(false);
        expect(phasesOf(left).map(({ name }) => name)).toEqual(["warm-up", "storm"]);
        expect(Object.keys(recordAt(left, "services"))).toEqual(
          ["node", "plc"].filter((name) => name in recordAt(left, "services")),
        );
      },
    ),
    { numRuns: 100 },
  );
});

test("weakens, shortens and moves what is left, and rounds it", async () => {
  const left = await reduce(document(step(3), step(7, { at: "7431.7ms" })), async (plan) => {
    const { step: one = {} } = placedSteps(plan).find(({ step: { name } }) => name === "slow#7") ?? {};
    const [delay, length, at] = [recordAt(one, "tcp.latency")["delay"], one["for"], one["at"]].map(readDuration);
    return (delay ?? 0) >= 90 && (length ?? 0) >= 3000 && (at ?? 0) >= 1000;
  });
  const [delay, length, at] = [
    recordAt(stepIn(left), "tcp.latency")["delay"],
    stepIn(left)["for"],
    stepIn(left)["at"],
  ].map(readDuration);
  expect(namesOf(left)).toEqual(["slow#7"]);
  expect(delay).toBeLessThan(110);
  expect(length).toBeLessThan(3600);
  expect(at).toBe(1000);
});

test("a number that nothing depends on is gone", async () => {
  const left = await reduce(document(step(3)), async (plan) => placedSteps(plan).length === 1);
  expect(namesOf(left)).toEqual(["slow#0"]);
});

test("a plan that fails without any fault is left with none", async () => {
  expect(namesOf(await reduce(document(step(1), step(2)), async () => true))).toEqual([]);
});

test("a plan that would fail by itself, without its heal phase, keeps it", async () => {
  const left = await reduce(document(step(1)), async (plan) => {
    const healed = phasesOf(plan).some(({ name }) => name === "heal");
    return !healed || placedSteps(plan).length > 0;
  });
  expect(phasesOf(left).map(({ name }) => name)).toContain("heal");
});

describe("what is true at the end", () => {
  test("is another thing without the phases after the fault", async () => {
    const plan = { ...document(step(1)), expect: [{ at_end: "node.alive" }] };
    const left = await reduce(plan, async (candidate) => placedSteps(candidate).length > 0);
    expect(phasesOf(left).map(({ name, for: length }) => [name, length])).toEqual([
      ["warm-up", undefined],
      ["calm", "10s"],
      ["storm", "60s"],
      ["heal", undefined],
    ]);
  });
});

test("steps that wait for something happen less often", async () => {
  const waiting = { "process.kill": {}, name: "kills", where: "node", when: "node.started" };
  const left = await reduce(document(waiting), async (plan) => {
    const { times = 9 } = stepIn(plan);
    return placedSteps(plan).length === 1 && Number(times) >= 3;
  });
  expect(stepIn(left)).toEqual(waiting);
  const counted = await reduce(document({ ...waiting, times: 9 }), async (plan) => {
    const { times = 0 } = stepIn(plan);
    return Number(times) >= 3;
  });
  expect(stepIn(counted)).toEqual({ ...waiting, times: 3 });
});

test("a service goes with its links, with what acts on them and with what speaks of it", async () => {
  const plan = document(step(1), step(2, { where: ["fetch", "spare"] }), {
    "process.kill": {},
    name: "kill#0",
    where: "idle",
  });
  const left = await reduce(
    plan,
    async (candidate) =>
      namesOf(candidate).includes("slow#2") && Object.keys(recordAt(candidate, "services")).includes("node"),
  );
  expect(Object.keys(recordAt(left, "links"))).toEqual(["fetch"]);
  expect(stepIn(left)["where"]).toBe("fetch");
  expect(left["steady"]).toEqual([{ always: "node.alive" }]);
});
