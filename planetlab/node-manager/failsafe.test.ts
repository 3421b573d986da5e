import { describe, expect, test } from "vitest";
import { createTestClock, type TestClock } from "./clocks.testing.ts";
import { createFailsafe } from "./failsafe.ts";
import { createGuards, type Guard } from "./guards.ts";

const day = 86_400_000;
const ten = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

interface Options {
  readonly clock?: TestClock;
  readonly without?: readonly Guard[];
}

const lettersOf = (names: string): string[] => names.split("");

/** A node whose slivers go when they may. */
function rig(names: readonly string[] = ten, { clock = createTestClock(), without = [] }: Options = {}) {
  const events: string[] = [];
  const config = { guards: createGuards(without), vanishPercent: 50, vanishWindowMs: day, confirmations: 3 };
  const failsafe = createFailsafe(clock, config, { log: (event) => void events.push(event) });
  let present = [...names];
  return {
    clock,
    events,
    failsafe,
    /** A document that lists these, and says that those were deleted. Returns what is left. */
    lists: (listed: string, deleted = ""): string => {
      const missing = present.filter((name) => !listed.includes(name));
      const gone = failsafe.judge({ present, missing, deleted: lettersOf(deleted) });
      present = [...new Set([...present.filter((name) => !gone.includes(name)), ...lettersOf(listed)])];
      return present.join("");
    },
  };
}

describe("what is gone from the list", () => {
  test.for([
    ["one of ten", ten, "abcdefghi", "abcdefghi"],
    ["four of ten", ten, "abcdef", "abcdef"],
    ["half", ten, "abcde", "abcdefghij"],
    ["all", ten, "", "abcdefghij"],
    ["the only one", ["a"], "", ""],
    ["one of two", ["a", "b"], "a", "a"],
    ["both of two", ["a", "b"], "", "ab"],
    ["all, while others come", ["a", "b"], "xyz", "abxyz"],
  ] as const)("%s", ([, names, listed, left]) => {
    const kept = rig(names).lists(listed);
    expect(lettersOf(kept).sort()).toEqual(lettersOf(left).sort());
  });

  test("goes when three documents in a row agree", () => {
    const { lists, events } = rig();
    expect([lists("ab"), lists("ab"), lists("ab")]).toEqual(["abcdefghij", "abcdefghij", "ab"]);
    expect(events).toEqual(["slices.vanished", "slices.vanished", "slices.gone"]);
  });

  test.for([
    ["others are gone", "bc", []],
    ["everything is back", "abcdefghij", []],
    ["others are gone, but nobody asks for agreement", "bc", ["failsafe-agreement"]],
  ] as const)("is counted anew when %s", ([, other, without]) => {
    const { lists } = rig(ten, { without });
    lists("ab");
    lists(other);
    expect(lists("ab")).toBe(without.length === 0 ? "abcdefghij" : "ab");
  });

  test("little by little counts as one, until it is long ago", () => {
    const { lists, clock } = rig();
    expect(lists("abcdefg")).toBe("abcdefg");
    expect(lists("abcdef")).toBe("abcdef");
    expect(lists("abcde")).toBe("abcdef");
    clock.pass(day + 1);
    expect(lists("abcde")).toBe("abcde");
  });

  test("and is back counts no more", () => {
    const { lists } = rig();
    lists("abcdef");
    lists("abcdefghij");
    expect(lists("abcdef")).toBe("abcdef");
  });

  test("with PLC's word goes at once, and does not count with the rest", () => {
    const { lists, events } = rig();
    expect(lists("abc", "defghij")).toBe("abc");
    expect(lists("ab")).toBe("ab");
    expect(events).toEqual([]);
  });

  test("is remembered across a restart, with the time that it took", () => {
    const before = rig();
    before.lists("abcdefg");
    before.clock.pass(day / 2);
    const restarted = (elapsedMs: number) => {
      const after = rig(lettersOf("abcdefg"));
      after.failsafe.restore(before.failsafe.saved(), elapsedMs);
      return after.lists("abcde");
    };
    expect(restarted(0)).toBe("abcdefg");
    expect(restarted(day)).toBe("abcde");
  });

  test("is believed after a restart when the documents before it count", () => {
    const before = rig();
    before.lists("a");
    before.lists("a");
    const after = rig();
    after.failsafe.restore(before.failsafe.saved(), 0);
    expect(after.lists("a")).toBe("a");
  });
});
