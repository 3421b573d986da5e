import { describe, expect, test } from "vitest";
import type { Host } from "../../host/host.ts";
import { createRandom } from "../../host/random.ts";
import { createTestClock } from "./clocks.testing.ts";
import { createGuards, type Guard } from "./guards.ts";
import { createLeases, type LeaseRequest } from "./leases.ts";
import { createLeniency } from "./leniency.ts";
import { errorCodes } from "./resources.ts";
import { codeOf } from "./resources.testing.ts";

const minute = 60_000;
const slack = 300_000;

/** A node with the slices a_a and a_b, where leases last a minute or longer. */
function rig({ clock = createTestClock(), without = [] as readonly Guard[] } = {}) {
  const events: string[] = [];
  const guards = createGuards(without);
  const leases = createLeases(
    { clock, random: createRandom(1) } as unknown as Host,
    { guards, minLeaseMs: minute },
    {
      log: (event, { slice } = {}) => void events.push(typeof slice === "string" ? `${event} ${slice}` : event),
      leniency: createLeniency(guards),
      plcTime: { now: () => clock.wall() },
      isKnownSlice: (name) => ["a_a", "a_b"].includes(name),
      onChanged() {},
    },
  );
  const began = clock.wall();
  const grant = (slice: string, beginMs: number | undefined, more: Partial<LeaseRequest> = {}): string =>
    leases.grant({
      slice,
      share: 100,
      lengthMs: minute,
      ...more,
      beginMs: beginMs === undefined ? undefined : began + beginMs,
    });
  return { clock, leases, grant, events: () => events.filter((event) => event !== "leases") };
}

test("one follows another, back to back, and each has its share for its minute", () => {
  const { clock, leases, grant, events } = rig();
  grant("a_b", minute);
  grant("a_a", undefined);
  expect([leases.shareOf("a_a"), leases.shareOf("a_b")]).toEqual([100, 0]);
  clock.pass(minute - 1);
  expect(leases.report().boosted).toEqual(["a_a"]);
  clock.pass(1);
  expect(leases.report().boosted).toEqual(["a_b"]);
  clock.pass(minute);
  expect(leases.report()).toMatchObject({ boosted: [], waiting: 0 });
  expect(events().filter((event) => !event.startsWith("lease.granted"))).toEqual([
    "lease.begin a_a",
    "lease.end a_a",
    "lease.begin a_b",
    "lease.end a_b",
  ]);
});

describe("a request", () => {
  test("that overlaps another's is refused, and one that touches it is not", () => {
    const { grant } = rig();
    grant("a_a", minute);
    expect(codeOf(() => grant("a_b", 2 * minute - 1))).toBe(errorCodes.noResources);
    expect(codeOf(() => grant("a_b", 1))).toBe(errorCodes.noResources);
    expect(codeOf(() => grant("a_b", 0))).toBe(0);
    expect(codeOf(() => grant("a_b", 2 * minute))).toBe(0);
  });

  test("may be late by five minutes, and no more; nor may it be for next year", () => {
    const { grant } = rig();
    expect(codeOf(() => grant("a_a", -slack - 1))).toBe(errorCodes.outOfTime);
    expect(codeOf(() => grant("a_a", 365 * 1440 * minute))).toBe(errorCodes.outOfTime);
    expect(codeOf(() => grant("a_a", -slack))).toBe(0);
  });

  test("for too short a time is granted for longer, and as it is without minimum-lease", () => {
    for (const [without, lengthMs] of [
      [[], minute],
      [["minimum-lease"], 1000],
    ] as const) {
      const { grant, leases } = rig({ without });
      expect(leases.answered(grant("a_a", minute, { lengthMs: 1000 }), 0)).toMatchObject({
        lengthMs,
        minimumMs: minute,
      });
    }
  });

  test("for a slice that is not there gets nothing, and what is revoked leaves its time to others", () => {
    const { grant, leases } = rig();
    leases.revoke(grant("a_a", minute));
    leases.revoke(grant("a_a", undefined));
    expect(leases.saved()).toEqual([]);
    expect(codeOf(() => grant("a_c", 10 * minute))).toBe(errorCodes.noSuchSlice);
  });
});

describe("an answer that was slow", () => {
  test("makes the lease longer by thrice that, at most by its own length, and says so", () => {
    const { clock, grant, leases, events } = rig();
    const handle = grant("a_a", undefined);
    clock.pass(10_000);
    expect(leases.answered(handle, 10_000)).toMatchObject({ lengthMs: 90_000, extendedByMs: 30_000 });
    expect(leases.answered(handle, 100_000)).toMatchObject({ extendedByMs: 30_000 + 90_000 });
    clock.pass(169_999);
    expect(leases.report().boosted).toEqual(["a_a"]);
    clock.pass(1);
    expect(leases.report()).toMatchObject({ boosted: [], extended: 2, extended_ms: 120_000 });
    expect(events()).toContain("lease.extended a_a");
  });

  test("takes nothing from who is next, and nothing happens without lenient-windows", () => {
    const { grant, leases } = rig();
    const handle = grant("a_a", undefined);
    grant("a_b", minute + 5000);
    expect(leases.answered(handle, 10_000)).toMatchObject({ extendedByMs: 5000 });
    const naive = rig({ without: ["lenient-windows"] });
    expect(naive.leases.answered(naive.grant("a_a", undefined), 10_000)).toMatchObject({ extendedByMs: 0 });
  });
});

describe("a restart", () => {
  test("leaves what is left of a lease, less the time that has passed, and what waits", () => {
    const { clock, grant, leases } = rig();
    grant("a_a", undefined);
    grant("a_b", 5 * minute);
    clock.pass(10_000);
    const next = rig({ clock });
    next.leases.restore(leases.saved(), 20_000);
    leases[Symbol.dispose]();
    expect(next.leases.report()).toMatchObject({ boosted: ["a_a"], waiting: 1 });
    clock.pass(29_999);
    expect(next.leases.report().boosted).toEqual(["a_a"]);
    clock.pass(1);
    expect(next.leases.report().boosted).toEqual([]);
  });

  test("of which it turns out that it took longer is made good once, and only for what had begun", () => {
    const { clock, grant, leases } = rig();
    grant("a_a", undefined);
    const next = rig({ clock });
    next.leases.restore(leases.saved(), 0);
    next.leases.correct(45_000);
    clock.pass(15_000);
    expect(next.leases.report().boosted).toEqual([]);
    next.grant("a_b", undefined);
    next.leases.correct(45_000);
    clock.pass(30_000);
    expect(next.leases.report().boosted).toEqual(["a_b"]);
  });
});

test("slices that have gone have no leases", () => {
  const { grant, leases } = rig();
  grant("a_a", undefined);
  grant("a_b", minute);
  leases.keepOnly(new Set(["a_b"]));
  expect(leases.report()).toMatchObject({ boosted: [], waiting: 1 });
  leases.keepOnly(new Set());
  expect(leases.saved()).toEqual([]);
});
