import { expect, test } from "vitest";
import { createManualClock } from "../../proxies/tcp/link.testing.ts";
import { createHistory } from "../history/history.ts";
import { createMonitor } from "../judge/monitor.ts";
import { expectation, sketchPlan } from "../judge/judge.testing.ts";
import { createLive } from "./live.ts";

const steady = [expectation("always node.alive"), expectation("always node.started.age > 3s")];

function started({ realTime = false, creep = 0 } = {}) {
  const clock = createManualClock(creep);
  const history = createHistory({ clock });
  const live = createLive({ clock, history, monitor: createMonitor(sketchPlan({ steady })), realTime });
  const { signal } = new AbortController();
  history.record({ event: "service.start", service: "node" });
  return {
    clock,
    history,
    live,
    ping: () => history.record({ event: "probe", name: "node.ping", ok: true, value: 200 }),
    /** When the condition is seen to hold, to be read at any time. */
    whenever: (condition: () => boolean): readonly number[] => {
      const seen: number[] = [];
      const see = (): boolean => {
        if (!condition()) return false;
        seen.push(history.now());
        return true;
      };
      void live.until(see, { signal });
      return seen;
    },
  };
}

test("a limit wakes those who wait for it at its very moment, and nothing else wakes anybody", () => {
  const { clock, live, whenever } = started();
  using watch = live.watch("node.ping.age > 5s");
  let asked = 0;
  const seen = whenever(() => {
    asked += 1;
    return watch.value;
  });
  expect(clock.timers()).toBe(1);
  clock.advance(5000);
  expect(seen).toEqual([]);
  clock.advance(1000);
  expect(seen).toEqual([5000.1]);
  // At first, when the limit was reached, and when it was passed.
  expect(asked).toBe(3);
  expect(clock.timers()).toBe(0);
});

test("an event puts the moment off", () => {
  const { clock, live, ping, whenever } = started();
  using watch = live.watch("node.ping.age >= 5s");
  const seen = whenever(() => watch.value);
  clock.advance(4000);
  ping();
  clock.advance(4999);
  expect(seen).toEqual([]);
  clock.advance(1);
  expect(seen).toEqual([9000]);
});

test("the system becomes steady with time alone, and a timer is there only while somebody waits for it", () => {
  const { clock, live, whenever } = started();
  expect(clock.timers()).toBe(0);
  const seen = whenever(() => live.isSteady());
  expect(clock.timers()).toBe(1);
  clock.advance(10_000);
  expect(seen).toEqual([3000.1]);
  expect(clock.timers()).toBe(0);
});

test("a watch that was disposed of costs nothing any more", () => {
  const { clock, live, ping } = started();
  live.watch("node.ping.age > 5s")[Symbol.dispose]();
  clock.advance(6000);
  ping();
  expect(clock.timers()).toBe(0);
});

test("a condition whose text does not tell its moments is looked at every 100 ms", () => {
  const { clock, live, whenever } = started();
  using watch = live.watch("abs(node.ping.age - 5s) < 1030ms");
  const seen = whenever(() => watch.value);
  clock.advance(5000);
  expect(seen).toEqual([4000]);
});

test.each([
  ["a harness that was late says so", true],
  ["virtual time is never late", false],
])("%s", (_, realTime) => {
  // Each look at this clock takes 400 ms.
  const { clock, history } = started({ realTime, creep: 400 });
  clock.advance(5000);
  expect(history.events.some(({ event }) => event === "run.late")).toBe(realTime);
});
