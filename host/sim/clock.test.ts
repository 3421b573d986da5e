/** The clocks of a simulated machine, which can be stepped, slowed and stopped without each other. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createMachineClock, type MachineClock } from "./clock.ts";
import { createVirtualTime, momentMs, type VirtualTime } from "./time.ts";

function createScene(): { readonly time: VirtualTime; readonly clock: MachineClock } {
  const time = createVirtualTime();
  return { time, clock: createMachineClock({ time, epochMs: 1e12, upMs: 5000 }) };
}

function sleepUntil(time: VirtualTime, moment: number): Promise<void> {
  return new Promise((resolve) => void time.at(moment, resolve));
}

test("a step moves the wall clock alone, and no timer", async () => {
  const { time, clock } = createScene();
  let fired = NaN;
  await time.pass(async () => {
    clock.at(5100, () => (fired = time.now()));
    clock.step(-40_000);
    await sleepUntil(time, 200);
  });
  expect([clock.wall(), clock.monotonic(), fired]).toEqual([1e12 - 40_000 + 200, 5200, 100]);
});

test("at another rate both clocks and all timers follow, those that were set before included", async () => {
  const { time, clock } = createScene();
  const fired: number[] = [];
  await time.pass(async () => {
    clock.at(5100, () => fired.push(time.now()));
    await sleepUntil(time, 50);
    clock.setRate(0.5);
    await sleepUntil(time, 1000);
  });
  expect(fired).toEqual([150]);
  expect([clock.monotonic(), clock.wall()]).toEqual([5525, 1e12 + 525]);
});

test("a clock that stands still fires nothing until it goes on", async () => {
  const { time, clock } = createScene();
  const fired: number[] = [];
  await time.pass(async () => {
    clock.at(5100, () => fired.push(time.now()));
    clock.setRate(0);
    await sleepUntil(time, 10_000);
    expect(fired).toEqual([]);
    clock.setRate(2);
    await sleepUntil(time, 20_000);
  });
  expect(fired).toEqual([10_050]);
});

test("no timer is ever early on its own clock, at any rate", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.double({ min: 0.01, max: 100, noNaN: true }),
      fc.double({ min: 0, max: 1000, noNaN: true }),
      async (rate, wait) => {
        const { time, clock } = createScene();
        clock.setRate(rate);
        const due = clock.monotonic() + wait;
        const shown = await time.pass(
          () => new Promise<number>((resolve) => clock.at(due, () => resolve(clock.monotonic()))),
        );
        expect(shown).toBeGreaterThanOrEqual(due);
      },
    ),
  );
});

test("a clock can't run backwards", () => {
  expect(() => createScene().clock.setRate(-1)).toThrow("write 0 or more");
});

test("an alarm whose moment falls short of it by a rounding comes at the next one", async () => {
  const time = createVirtualTime();
  const clock = createMachineClock({ time, epochMs: 1e12, upMs: 0 });
  let fired = NaN;
  await time.pass(async () => {
    await sleepUntil(time, 368.205078125);
    clock.setRate(0.82);
    clock.at(8191.005078125, () => (fired = time.now()));
    await sleepUntil(time, 10_000);
  });
  expect(fired).toBe(9908.205078125 + momentMs);
});

test("the wall clock can run by a pace of its own, backwards too, and timers don't care", async () => {
  const { time, clock } = createScene();
  const fired: number[] = [];
  await time.pass(async () => {
    clock.at(5100, () => fired.push(time.now()));
    clock.setWallRate(-2);
    await sleepUntil(time, 200);
    clock.setWallRate(1);
    await sleepUntil(time, 300);
  });
  expect([clock.wall(), clock.monotonic(), clock.error(), fired]).toEqual([1e12 - 300, 5300, -600, [100]]);
});

test("whoever looks at a clock is told of once, and whoever waits by one has looked", () => {
  const { clock } = createScene();
  const told: string[] = [];
  clock.onLook("wall", () => told.push("wall"));
  clock.onLook("any", () => told.push("any"));
  clock.looked("monotonic");
  expect(told).toEqual(["any"]);
  clock.looked("wall");
  clock.looked("wall");
  expect(told).toEqual(["any", "wall"]);
  using alarm = clock.at(9000, () => {});
  void alarm;
  clock.onLook("any", () => told.push("waits"));
  clock.onLook("wall", () => told.push("never"));
  expect(told).toEqual(["any", "wall", "waits"]);
});

test("a machine that starts anew counts from 0 again, under another name, and its wall clock goes on", async () => {
  const { time, clock } = createScene();
  const before = clock.boot();
  let fired = NaN;
  await time.pass(async () => {
    clock.step(3000);
    await sleepUntil(time, 100);
    clock.reboot();
    clock.at(50, () => (fired = time.now()));
    await sleepUntil(time, 200);
  });
  expect(clock.boot()).not.toBe(before);
  expect([clock.monotonic(), clock.wall(), fired]).toEqual([100, 1e12 + 3000 + 200, 150]);
});
