import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Host } from "../../host/host.ts";
import { createRandom } from "../../host/random.ts";
import type { XmlRpcValue } from "../xml-rpc.ts";
import { createTestClock } from "./clocks.testing.ts";
import { createGuards, type Guard } from "./guards.ts";
import { createLeniency } from "./leniency.ts";
import { createMethods, type MethodOptions } from "./methods.ts";
import { createRequests } from "./requests.ts";
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
      const { rcap } = resources.acquire({ nm_cpu_share: share });
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
    expect(resources.report()).toMatchObject({ capacity: 100, bound: 0, unbound: 80, free: 20 });
    pass(1);
    expect(resources.report()).toMatchObject({ capacity: 100, bound: 0, unbound: 0, free: 100 });
    expect(collected()).toBe(2);
  });

  test.for([-1, 101])("a share of %d is refused", (share) => {
    expect(codeOf(() => rig().acquire(share))).toBe(errorCodes.badRequest);
  });

  test("one that was slow to answer has its time from the answer on, and longer; without lenient-windows it is gone by then", () => {
    const { resources, pass } = rig();
    const { rcap } = resources.acquire({ nm_cpu_share: 40 });
    pass(3 * unboundMs);
    expect(resources.answered(rcap, 3 * unboundMs)).toEqual({ leftMs: unboundMs, extendedByMs: unboundMs });
    expect(resources.report()).toMatchObject({ extended: 1, extended_ms: unboundMs });
    pass(unboundMs - 1);
    expect(resources.report()).toMatchObject({ unbound: 40 });
    pass(1);
    expect(resources.report()).toMatchObject({ unbound: 0 });
    const naive = rig("lenient-windows");
    const { rcap: lost } = naive.resources.acquire({ nm_cpu_share: 40 });
    naive.pass(3 * unboundMs);
    naive.resources.answered(lost, 3 * unboundMs);
    expect(naive.resources.report()).toMatchObject({ unbound: 0 });
  });

  test("a slow answer tells by how much the window was extended, and how long it is from now on", async () => {
    const { resources } = rig();
    const guards = createGuards([]);
    const requests = createRequests({ guards }, { save: async () => undefined });
    const acquire = createMethods({ resources, requests } as unknown as MethodOptions).get("acquire");
    const slowly = (...params: readonly XmlRpcValue[]) => acquire?.(params, () => 2000);
    const told = { rcap: expect.any(String), window: unboundMs / 1000 + 6, extended_by: 6 };
    expect(await slowly({}, { window: true })).toEqual(told);
    expect(await slowly({}, { window: true, request: "mine" })).toEqual(told);
    expect(await slowly({})).toMatch(/^[0-9a-f]{32}$/);
    expect(resources.report()).toMatchObject({ extended: 3, extended_ms: 18_000 });
  });

  test("without collect-unbound, retries eat the node", () => {
    const { acquire, resources, pass } = rig("collect-unbound");
    acquire(100);
    pass(10 * unboundMs);
    expect(resources.report()).toMatchObject({ unbound: 100, free: 0 });
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
    expect(resources.sets()).toEqual([{ rcap, rspec: { nm_cpu_share: 10 }, slice: "a_a", number: 1, left_ms: null }]);
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
    expect(resources.report()).toMatchObject({ bound: 10 });
    resources.keepOnly(new Set(["a_b"]));
    expect(resources.report()).toMatchObject({ bound: 0, free: 100 });
  });
});

describe("after a restart", () => {
  const saved = [
    { rcap: "0".repeat(32), rspec: {}, slice: null, number: 1, left_ms: 5000 },
    { rcap: "1".repeat(32), rspec: {}, slice: "a_a", number: 2, left_ms: null },
  ];

  test("an unbound set has what was left of its time when the node went away, and a bound one stays", () => {
    const { resources, pass } = rig();
    resources.restore(saved, 2000);
    pass(2999);
    expect(resources.report()).toMatchObject({ unbound: 32, bound: 32 });
    pass(1);
    expect(resources.report()).toMatchObject({ unbound: 0, bound: 32 });
  });

  test("without remember-unbound it has all of it once more, and a node that restarts often enough keeps it for ever", () => {
    const { resources, pass } = rig("remember-unbound");
    resources.restore(saved, 2000);
    pass(unboundMs - 1);
    expect(resources.report()).toMatchObject({ unbound: 32, bound: 32 });
  });

  test("numbers go on, so that what was acquired before is older", () => {
    const { resources, acquire } = rig();
    resources.restore(saved, 0);
    const rcap = acquire(10);
    resources.bind("a_a", rcap);
    expect(codeOf(() => resources.bind("a_a", "0".repeat(32)))).toBe(errorCodes.expiredHandle);
    expect(resources.sets().map(({ slice, number }) => [slice, number])).toEqual([
      [null, 1],
      ["a_a", 3],
    ]);
  });
});

describe("what is taken back", () => {
  test("leaves everything as it was: what was acquired, bound in place of another, or released", () => {
    const { resources, acquire, pass } = rig();
    const [first, second] = [acquire(30), acquire(40)];
    resources.bind("a_a", first);
    pass(1000);
    const before = new Set(resources.sets().map((set) => JSON.stringify(set)));
    resources.acquire({ nm_cpu_share: 10 }).undo();
    resources.bind("a_a", second)();
    resources.release(first)();
    resources.release(second)();
    expect(new Set(resources.sets().map((set) => JSON.stringify(set)))).toEqual(before);
    pass(unboundMs - 1000);
    expect(resources.report()).toMatchObject({ bound: 30, unbound: 0 });
  });

  test("is not there again if somebody else has got the room meanwhile", () => {
    const { resources, acquire } = rig();
    const [first, second] = [acquire(60), acquire(40)];
    resources.bind("a_a", first);
    const undo = resources.bind("a_a", second);
    acquire(60);
    undo();
    expect(resources.report()).toMatchObject({ bound: 0, unbound: 100, free: 0 });
  });
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
      fc.nat(5).map((index) => (node: ReturnType<typeof rig>) => {
        node.resources.release(node.resources.sets()[index]?.rcap ?? "");
      }),
    ),
  );
  fc.assert(
    fc.property(steps, (actions) => {
      const node = rig();
      for (const action of actions) {
        codeOf(() => action(node));
        const { capacity, free, bound, unbound } = node.resources.report();
        expect(free + bound + unbound).toBe(capacity);
        expect(free).toBeGreaterThanOrEqual(0);
        const owners = node.resources.sets().flatMap(({ slice: owner }) => owner ?? []);
        expect(owners).toHaveLength(new Set(owners).size);
      }
    }),
  );
});
