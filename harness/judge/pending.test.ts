import * as fc from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../host/night.testing.ts";
import type { HistoryEvent } from "../history/event.ts";
import { expectation, pings, sketchPlan, usualStory, type Told } from "./judge.testing.ts";
import { createPending, pendingUntil } from "./pending.ts";

const plan = sketchPlan({
  expect: [
    expectation("always node.alive", { for: 5000 }),
    expectation("eventually node.ping.count > 9", { within: 12_000 }),
    expectation("whenever node.exits then node.ready", { within: 3000 }),
  ],
});

test("who follows a history that grows is told the same as who comes new to it", () => {
  const moments = fc.uniqueArray(fc.integer({ min: 131, max: 260 }), { maxLength: 8 });
  fc.assert(
    fc.property(moments, moments, fc.boolean(), (lives, answers, cut) => {
      const told: readonly Told[] = [
        ...lives
          .toSorted((one, other) => one - other)
          .flatMap((at, n): readonly Told[] => [[at / 10, n % 2 === 0 ? "service.exit" : "service.start"]]),
        ...answers.flatMap((at) => pings(at / 10, at / 10 + 1)),
        ...(cut ? [[25, "run.trouble", { reason: "no more" }] as const] : []),
      ];
      const whole = usualStory(...told).slice(0, -1);
      const history: HistoryEvent[] = whole.filter(({ at }) => at <= 13_000);
      const pending = createPending(plan, history);
      for (let now = 13_000; now < 31_000; now += 500) {
        history.push(...whole.slice(history.length).filter(({ at }) => at <= now));
        expect([now, pending.until(now)]).toEqual([now, pendingUntil(plan, history, now)]);
      }
    }),
    runs(40),
  );
});
