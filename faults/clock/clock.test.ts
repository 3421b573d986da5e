/** Every fault of the plane against a clock that writes down what is done to it, and shows it at once. */
import { describe, expect, test } from "vitest";
import { createScene } from "../service.testing.ts";
import type { Scene } from "../service.testing.ts";
import { backwards } from "./backwards.ts";
import { bootAt } from "./boot-at.ts";
import { childDiffers } from "./child-differs.ts";
import type { ClockTarget } from "./contract.ts";
import { parseTime } from "./date.ts";
import { freeze } from "./freeze.ts";
import { rate } from "./rate.ts";
import { sawtooth } from "./sawtooth.ts";
import { step } from "./step.ts";
import { strobe } from "./strobe.ts";
import { suspend } from "./suspend.ts";

/** `errors`: what the clock is ahead by whenever that is asked, the last one for ever. */
function scene({
  errors = [0],
  sleeps = Infinity,
}: { readonly errors?: readonly number[]; readonly sleeps?: number } = {}): Scene<"clock", ClockTarget> {
  const left = [...errors];
  return createScene({
    sleeps,
    target(note): ClockTarget {
      const lasting = (what: string, onSeen: () => void): AsyncDisposable => {
        note(what);
        onSeen();
        return { [Symbol.asyncDispose]: async () => note(`end of ${what}`) };
      };
      return {
        error: async () => (left.length > 1 ? left.shift() : left[0]) ?? 0,
        async step(by, onSeen) {
          note(`step ${JSON.stringify(by)}`);
          onSeen();
        },
        pace: async (pace, onSeen) => lasting(`pace ${pace.rate} ${pace.wall}`, onSeen),
        bootAt: async (time, onSeen) => lasting(`boot at ${time}`, onSeen),
        children: async (ahead, onSeen) => lasting(`children ${ahead}`, onSeen),
      };
    },
  });
}

async function whole(
  { inject, log }: ReturnType<typeof scene>,
  ...what: Parameters<Scene<"clock", ClockTarget>["inject"]>
) {
  const lift = await inject(...what);
  await lift?.[Symbol.asyncDispose]();
  return log;
}

describe("step", () => {
  test("moves the wall clock, one way or the other", async () => {
    expect(await whole(scene(), step, { by: "40s" })).toEqual(['step {"wall":40000}', 'hit {"milliseconds":40000}']);
    expect(await whole(scene(), step, { by: "-40s" })).toContain('step {"wall":-40000}');
  });

  test("to a time off the true one says nothing of what it showed", async () => {
    expect(await whole(scene({ errors: [-2500.4] }), step, { to: "0s" })).toEqual([
      'step {"wall":2500.4}',
      'hit {"milliseconds":2500}',
    ]);
  });
});

test.each([
  { fault: rate, parameters: { rate: "97%" }, what: "pace 0.97 1" },
  { fault: freeze, parameters: {}, what: "pace 0 1" },
  { fault: backwards, parameters: {}, what: "pace 1 -1" },
  { fault: backwards, parameters: { rate: "250%" }, what: "pace 1 -2.5" },
  { fault: bootAt, parameters: {}, what: "boot at 0" },
  { fault: bootAt, parameters: { time: "2038-01-19T03:14:08Z" }, what: `boot at ${2 ** 31 * 1000}` },
  { fault: childDiffers, parameters: { by: "-1h" }, what: "children -3600000" },
])("$fault.kind lasts until it is lifted: $what", async ({ fault, parameters, what }) => {
  expect(await whole(scene(), fault, parameters)).toEqual([what, "hit {}", `end of ${what}`]);
});

test("a suspended machine's clocks are apart by that", async () => {
  expect(await whole(scene(), suspend, { length: "8h" })).toEqual([
    'step {"wall":28800000,"boottime":28800000}',
    "hit {}",
  ]);
});

describe("sawtooth", () => {
  test("drifts, and jumps back to where it would be, in each period and at the end", async () => {
    const { inject, log, end } = scene({ errors: [100, 100 - 40_000, 100 - 39_990, 100 - 12_000], sleeps: 2 });
    const lift = await inject(sawtooth, { drift: "-40s", period: "1000s" });
    while (log.filter((line) => line.startsWith("sleep")).length < 3)
      await new Promise((resolve) => setImmediate(resolve));
    end();
    await lift?.[Symbol.asyncDispose]();
    expect(log.filter((line) => !line.startsWith("sleep"))).toEqual([
      "pace 1 0.96",
      'step {"wall":40000}',
      'hit {"milliseconds":40000}',
      'step {"wall":39990}',
      'hit {"milliseconds":39990}',
      "end of pace 1 0.96",
      'step {"wall":12000}',
      'hit {"milliseconds":12000}',
    ]);
  });
});

describe("strobe", () => {
  test.each([
    { sleeps: 2, jumps: [40, -40, 40, -40] },
    { sleeps: 3, jumps: [40, -40, 40, -40] },
  ])("jumps there and back, and is where it was in the end ($sleeps periods)", async ({ sleeps, jumps }) => {
    const { inject, log } = scene({ sleeps });
    const lift = await inject(strobe, { by: "40s" });
    while (log.filter((line) => line.startsWith("sleep")).length <= sleeps)
      await new Promise((resolve) => setImmediate(resolve));
    await lift?.[Symbol.asyncDispose]();
    expect(log.filter((line) => line.startsWith("step"))).toEqual(jumps.map((by) => `step {"wall":${by * 1000}}`));
    expect(log.filter((line) => line.startsWith("hit"))).toEqual(["hit {}"]);
  });
});

describe("a time", () => {
  test.each([
    "1970-01-01",
    "2000-02-29",
    "2004-03-05T12:34:56Z",
    "2038-01-19T03:14:07Z",
    "2100-03-01",
    "2199-12-31T23:59:59Z",
  ])("%s is what Node takes it for", (text) => expect(parseTime(text)).toBe(Date.parse(text)));

  test.each(["yesterday", "2026-02-30", "2026-01-01T00:00:00+02:00", "1969-12-31", "2200-01-01"])(
    "%s is none",
    (time) => {
      expect(bootAt.parameters.safeParse({ time }).success).toBe(false);
    },
  );
});
