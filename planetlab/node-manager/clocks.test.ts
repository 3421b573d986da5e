/** The rooms that judge clocks: the watch on the wall clock, PLC's time, and how long the node was away. */
import { describe, expect, test } from "vitest";
import { createTestClock } from "./clocks.testing.ts";
import { startClockWatch } from "./clock-watch.ts";
import { createGuards, type Guard } from "./guards.ts";
import { createPlcTime } from "./plc-time.ts";
import { absenceSince } from "./restart.ts";
import type { State } from "./state.ts";

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];

function saved(clock: ReturnType<typeof createTestClock>, plc: number | null = null): State["clock"] {
  return {
    boot: clock.boot,
    monotonic_ms: clock.monotonic(),
    wall_ms: clock.wall(),
    plc_ms: plc,
    plc_error_ms: 0,
  };
}

function watchRig(last: State["clock"] = null, clock = createTestClock(), ...without: readonly Guard[]) {
  const steps: unknown[] = [];
  const watch = startClockWatch(
    clock,
    { lookMs: 10_000, guards: createGuards(without) },
    { log: (event, fields) => void steps.push({ event, ...fields }), last, onLook() {}, onStep() {} },
  );
  return { clock, watch, steps };
}

describe("the watch", () => {
  test("tells each step once, with its size, and which ones are gross", () => {
    const { clock, watch, steps } = watchRig();
    for (const by of [999_000, -1_001_000, 3 * day, -40_000]) {
      clock.pass(25_000);
      clock.step(by);
    }
    clock.pass(hour);
    expect(steps).toEqual([
      { event: "clock.step", by_ms: 999_000, gross: false },
      { event: "clock.step", by_ms: -1_001_000, gross: true },
      { event: "clock.step", by_ms: 3 * day, gross: true },
      { event: "clock.step", by_ms: -40_000, gross: false },
    ]);
    expect(watch.report()).toMatchObject({ steps: 4, gross_steps: 2, last_step_ms: -40_000 });
  });

  test("takes what drifts for a drift, and finds a step in the middle of it", () => {
    const { clock, watch, steps } = watchRig();
    for (let second = 0; second < 600; second += 1) {
      clock.pass(1000);
      clock.step(second === 300 ? 40_000 : -44);
    }
    expect(steps).toHaveLength(1);
    expect(Math.abs(Number(watch.report().last_step_ms) - 40_000)).toBeLessThan(1000);
    expect(watch.report().drift_ppm).toBeGreaterThan(-45_000);
    expect(watch.report().drift_ppm).toBeLessThan(-43_000);
  });

  test("learns nothing from what rounding makes of a first look that comes at once, and takes no pause after it for a step", () => {
    const exact = createTestClock();
    exact.pass(0.4);
    const { watch, steps } = watchRig(null, { ...exact, wall: () => Math.floor(exact.wall()) });
    exact.freeze(1.3);
    expect(Math.abs(watch.report().drift_ppm)).toBeLessThan(20);
    exact.freeze(95_000);
    exact.freeze(hour);
    expect(steps).toEqual([]);
    expect(Math.abs(watch.report().drift_ppm)).toBeLessThan(20);
  });

  test("tells of a step that came while nobody looked, but not of a new start of the machine", () => {
    const clock = createTestClock();
    const last = saved(clock);
    clock.pass(hour);
    clock.step(-2 * hour);
    const { steps } = watchRig(last, clock);
    clock.pass(0);
    expect(steps).toEqual([{ event: "clock.step", by_ms: -2 * hour, gross: true }]);
    const before = saved(clock);
    clock.step(minute);
    clock.reboot();
    const again = watchRig(before, clock);
    clock.pass(hour);
    expect(again.steps).toEqual([]);
  });

  test.for([
    { off: 2 * hour, by: 0, told: [] },
    { off: minute, by: 999_000, told: [] },
    { off: 2 * hour, by: 12 * 365 * day, told: [12 * 365 * day] },
    { off: 2 * hour, by: -3 * day, told: [-3 * day] },
    { off: 2 * day, by: -2 * day, told: [-2 * day] },
  ])(
    "tells after a new start of the machine, as soon as PLC knows how long it was off, by how much its clock is wrong: $off, $by",
    (row) => {
      const clock = createTestClock();
      const last = saved(clock, 1_000_000);
      clock.reboot();
      clock.step(row.off + row.by);
      const { watch, steps } = watchRig(last, clock);
      clock.pass(minute);
      expect(steps).toEqual([]);
      for (const later of [0, minute]) {
        clock.pass(later);
        watch.hear(1_000_000 + row.off + minute + later);
      }
      expect(steps).toEqual(row.told.map((by) => ({ event: "clock.step", by_ms: by, gross: true })));
    },
  );

  test.for([
    [minute, []],
    [-3 * day, [-3 * day]],
    [3 * day, [3 * day]],
  ] as const)("believes the clock of a new start that PLC can't judge, if it is believable: %d", ([gone, told]) => {
    const clock = createTestClock();
    const last = saved(clock);
    clock.reboot();
    clock.step(gone);
    const { watch, steps } = watchRig(last, clock);
    clock.pass(minute);
    watch.hear(1_000_000);
    expect(steps).toEqual(told.map((by) => ({ event: "clock.step", by_ms: by, gross: true })));
  });

  test("sees nothing without its guard", () => {
    const { clock, steps } = watchRig(null, createTestClock(), "clock-watch");
    clock.step(day);
    clock.pass(hour);
    expect(steps).toEqual([]);
  });
});

/** PLC's clock goes by the truth, which passes `fast` times as fast as this node's own clock. */
function plcRig(
  { fast = 1, last = null as State["clock"], clock = createTestClock() } = {},
  ...without: readonly Guard[]
) {
  const events: string[] = [];
  const rates: number[] = [];
  const time = createPlcTime(
    clock,
    { guards: createGuards(without) },
    { log: (event) => void events.push(event), last, onRate: (rate) => void rates.push(rate) },
  );
  const began = { plc: clock.wall() + hour, at: clock.monotonic() };
  let jump = 0;
  const truth = (): number => began.plc + jump + (clock.monotonic() - began.at) * fast;
  const hear = (): void => {
    const asked = clock.monotonic();
    const stamp = Math.floor(truth() / 1000) * 1000;
    clock.pass(100);
    time.hear(stamp, asked, clock.monotonic());
  };
  return { clock, time, truth, hear, events, rates, jump: (by: number) => (jump += by) };
}

describe("PLC's time", () => {
  test("is this node's own until PLC has said something, and then within its error whatever the wall clock does", () => {
    const { clock, time, truth, hear } = plcRig();
    expect(time.told()).toBeUndefined();
    expect(time.now()).toBe(clock.wall());
    hear();
    clock.step(-5 * day);
    clock.pass(hour);
    expect(Math.abs(time.now() - truth())).toBeLessThanOrEqual(550);
    expect(time.report().offset_ms).toBeGreaterThan(5 * day);
  });

  test("is the wall clock's without plc-relative-time", () => {
    const { clock, time, hear } = plcRig({}, "plc-relative-time");
    hear();
    clock.step(hour);
    expect(time.now()).toBe(clock.wall());
  });

  test.for([1 / 0.9, 1 / 0.97, 1 / 1.03])("tells how fast the clock runs here (%d)", (fast) => {
    const { clock, hear, rates } = plcRig({ fast });
    for (let round = 0; round < 30; round += 1) {
      hear();
      clock.pass(minute);
    }
    expect(Math.abs((rates.at(-1) ?? 0) - fast)).toBeLessThan(0.005);
  });

  test("believes a jump of PLC's only when three documents in a row agree on it, and takes it for no rate", () => {
    const { clock, time, truth, hear, events, rates, jump } = plcRig();
    for (let round = 0; round < 10; round += 1) {
      hear();
      clock.pass(5 * minute);
    }
    jump(day);
    hear();
    clock.pass(5 * minute);
    hear();
    expect(truth() - time.now()).toBeGreaterThan(day - 2000);
    clock.pass(5 * minute);
    hear();
    expect(Math.abs(time.now() - truth())).toBeLessThanOrEqual(600);
    expect(events).toEqual(["plc.clock-step"]);
    expect(rates).toEqual([]);
  });

  test("outlives the process, and not the machine", () => {
    const { clock, time, truth, hear } = plcRig();
    hear();
    const last = time.saved();
    clock.pass(hour);
    const next = plcRig({ clock, last }).time;
    expect(Math.abs((next.told() ?? 0) - truth())).toBeLessThanOrEqual(550);
    clock.reboot();
    expect(plcRig({ clock, last }).time.told()).toBeUndefined();
  });
});

describe("an absence", () => {
  test("is told by the monotonic clock while the machine runs, whatever the wall clock says", () => {
    const clock = createTestClock();
    const last = saved(clock);
    clock.pass(minute);
    clock.step(3 * day);
    expect(absenceSince(last, clock, createGuards([])).elapsedMs).toBe(minute);
    expect(absenceSince(last, clock, createGuards(["boot-aware-restore"])).elapsedMs).toBe(3 * day + minute);
  });

  test.for([
    [minute, minute],
    [-3 * day, 0],
    [3 * day, 0],
  ])("over a new start by the wall clock, if that is believable (%d ms), and then by PLC", ([gone = 0, believed]) => {
    const clock = createTestClock();
    const last = saved(clock, 1_000_000);
    clock.step(gone);
    clock.reboot();
    const absence = absenceSince(last, clock, createGuards([]));
    expect(absence.elapsedMs).toBe(believed);
    clock.pass(5000);
    expect(absence.correction(1_000_000 + 10 * minute + 5000)).toBe(10 * minute - absence.elapsedMs);
  });

  test("of which nothing was saved took no time", () => {
    expect(absenceSince(null, createTestClock(), createGuards([])).elapsedMs).toBe(0);
  });
});
