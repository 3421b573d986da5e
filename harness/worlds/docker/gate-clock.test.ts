import { expect, test } from "vitest";
import type { Clock } from "../../../host/host.ts";
import { createGateClock } from "./gate-clock.ts";

/** A clock that is moved by hand, and a gate whose clock is `ahead` of it; each question takes as long as the next of `tours`: there, and back. */
function create({ ahead, tours }: { ahead: number; readonly tours: readonly (readonly [number, number])[] }) {
  let now = 1000;
  let n = 0;
  const gate = { ahead };
  const clock = { monotonic: () => now } as Clock;
  const ask = async (): Promise<number> => {
    const [there, back] = tours[n++ % tours.length] ?? [0, 0];
    now += there;
    const told = now + gate.ahead;
    now += back;
    return told;
  };
  return { gate, clock, ask };
}

test("of several questions, the one that was answered the quickest counts", async () => {
  const { clock, ask } = create({
    ahead: 5000,
    tours: [
      [100, 0],
      [30, 2],
      [1, 1],
      [0, 80],
      [9, 3],
    ],
  });
  const gateClock = await createGateClock(clock, ask);
  expect(gateClock.toHarness(6000)).toBe(1000);
});

test("it is wrong by half of the shortest way at most, whichever way took the time", async () => {
  const { clock, ask } = create({ ahead: -200, tours: [[4, 0]] });
  const gateClock = await createGateClock(clock, ask);
  expect(Math.abs(gateClock.toHarness(800) - 1000)).toBeLessThanOrEqual(2);
});

test("a later comparison follows a clock that has drifted", async () => {
  const { gate, clock, ask } = create({ ahead: 0, tours: [[1, 1]] });
  const gateClock = await createGateClock(clock, ask);
  gate.ahead = 12.5;
  expect(gateClock.toHarness(2000)).toBe(2000);
  await gateClock.compare();
  expect(gateClock.toHarness(2000)).toBe(1987.5);
});
