import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Host } from "../../host/host.ts";
import { createRandom } from "../../host/random.ts";
import { createTestClock } from "./clocks.testing.ts";
import { createGuards, type Guard } from "./guards.ts";
import { createLeniency } from "./leniency.ts";
import { createResources, errorCodes } from "./resources.ts";
import { codeOf } from "./resources.testing.ts";

const unboundMs = 600_000;

/** A node with 100 shares and the slices a_a and a_b, on a clock that only the test moves. */
function rig(...without: readonly Guard[]) {
  const clock = createTestClock();
  const host = { clock, random: createRandom(1) } as unknown as Host;
  const slices = new Set(["a_a", "a_b"]);
  let collected = 0;
  const resources = createResources(
    host,
    { guards: createGuards(without), capacity: 100, unboundMs },
    {
      log: () => undefined,
      leniency: createLeniency(createGuards(without)),
      isKnownSlice: (name) => slices.has(name),
      onCollected: () => (collected += 1),
    },
  );
  return {
    resources,
    collected: () => collected,
    acquire: (share: number, latencyMs = 0) => {
      const rcap = resources.acquire({ nm_cpu_share: share });
      resources.answered(rcap, latencyMs);
      return rcap;
    },
    pass: (milliseconds: number) => clock.pass(milliseconds),
  };
}

describe("acquire", () => {
  test("handles are 128 random bits, and a retried call costs a set until that is collected", () => {
    const { acquire, resources, pass, collected } = rig();
    const handles = [acquire(40), acquire(40)];
    expect(new Set(handles).size).toBe(2);
    for (const handle of handles) expect(handle).toMatch(/^[0-9a-f]{32}$/);
    expect(codeOf(() => acquire(40))).toBe(errorCodes.noResources);
    pass(unboundMs - 1);
    expect(resources.audit()).toEqual({ capacity: 100, bound: 0, unbound: 80, free: 20 });
    pass(1);
    expect(resources.audit()).toEqual({ capacity: 100, bound: 0, unbound: 0, free: 100 });
    expect(collected()).toBe(2);
  });

  test.for([-1, 101])("a share of %d is refused", (share) => {
    expect(codeOf(() => rig().acquire(share))).toBe(errorCodes.badRequest);
  });

  test("one that was slow to answer has its time from the answer on, and longer; without lenient-windows it is gone by then", () => {
    const { resources, pass } = rig();
    const rcap = resources.acquire({ nm_cpu_share: 40 });
    pass(3 * unboundMs);
    resources.answered(rcap, 3 * unboundMs);
    pass(unboundMs - 1);
    expect(resources.audit()).toMatchObject({ unbound: 40 });
    pass(1);
    expect(resources.audit()).toMatchObject({ unbound: 0 });
    const naive = rig("lenient-windows");
    const lost = naive.resources.acquire({ nm_cpu_share: 40 });
    naive.pass(3 * unboundMs);
    naive.resources.answered(lost, 3 * unboundMs);
    expect(naive.resources.audit()).toMatchObject({ unbound: 0 });
  });

  test("without collect-unbound, retries eat the node", () => {
    const { acquire, resources, pass } = rig("collect-unbound");
    acquire(100);
    pass(10 * unboundMs);
    expect(resources.audit()).toMatchObject({ unbound: 100, free: 0 });
  });
});

describe("bind", () => {
  test("each way to fail has its own code, and none changes anything", () => {
    const { acquire, resources, pass } = rig();
    const [rcap, late] = [acquire(10), acquire(10)];
    expect(codeOf(() => resources.bind("a_c", rcap))).toBe(errorCodes.noSuchSlice);
    resources.bind("a_a", rcap);
    expect(codeOf(() => resources.bind("a_b", rcap))).toBe(errorCodes.boundElsewhere);
    pass(unboundMs);
    expect(codeOf(() => resources.bind("a_a", late))).toBe(errorCodes.expiredHandle);
    expect(resources.sets()).toEqual([{ rcap, rspec: { nm_cpu_share: 10 }, slice: "a_a" }]);
  });

  test("once more is as good as once, and without idempotent-bind an error that makes an agent delete a good sliver", () => {
    for (const [without, code] of [[[], 0] as const, [["idempotent-bind"], errorCodes.boundElsewhere] as const]) {
      const { acquire, resources } = rig(...without);
      const rcap = acquire(10);
      resources.bind("a_a", rcap);
      expect(codeOf(() => resources.bind("a_a", rcap))).toBe(code);
    }
  });

  test("what is bound is never collected, and given back with its slice", () => {
    const { acquire, resources, pass } = rig();
    const rcap = acquire(10);
    resources.bind("a_a", rcap);
    pass(100 * unboundMs);
    expect(resources.audit()).toMatchObject({ bound: 10 });
    resources.keepOnly(new Set(["a_b"]));
    expect(resources.audit()).toMatchObject({ bound: 0, free: 100 });
  });
});

test("after a restart an unbound set has its time anew, and a bound one stays", () => {
  const { resources, pass } = rig();
  resources.restore([
    { rcap: "0".repeat(32), rspec: {}, slice: null },
    { rcap: "1".repeat(32), rspec: {}, slice: "a_a" },
  ]);
  pass(unboundMs - 1);
  expect(resources.audit()).toMatchObject({ unbound: 32, bound: 32 });
  pass(1);
  expect(resources.audit()).toMatchObject({ unbound: 0, bound: 32 });
});

test("whatever is asked in whatever order, free and bound and unbound make up the capacity", () => {
  const share = fc.integer({ min: -10, max: 120 });
  const slice = fc.constantFrom("a_a", "a_b", "a_c");
  const steps = fc.array(
    fc.oneof(
      share.map((amount) => (node: ReturnType<typeof rig>) => node.acquire(amount)),
      fc.tuple(slice, fc.nat(5)).map(
        ([name, index]) =>
          (node: ReturnType<typeof rig>) =>
            node.resources.bind(name, node.resources.sets()[index]?.rcap ?? ""),
      ),
      fc.nat(unboundMs).map((milliseconds) => (node: ReturnType<typeof rig>) => node.pass(milliseconds)),
      slice.map((name) => (node: ReturnType<typeof rig>) => node.resources.keepOnly(new Set([name]))),
    ),
  );
  fc.assert(
    fc.property(steps, (actions) => {
      const node = rig();
      for (const action of actions) {
        codeOf(() => action(node));
        const { capacity, free, bound, unbound } = node.resources.audit();
        expect(free + bound + unbound).toBe(capacity);
        expect(free).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});
