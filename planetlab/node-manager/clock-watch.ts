/**
 * Watches the wall clock: looks at it and at the monotonic one again and again, and tells the jumps from what is only a clock that runs badly.
 *
 *     wall − monotonic ──► goes evenly: a rate        jumps: clock.step, with its size
 *     wall − PLC's time ──► over a new start of the machine, with which the monotonic clock begins anew: a gross step, or nothing
 */
import type { Clock, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import type { State } from "./state.ts";

export interface ClockWatch extends Disposable {
  /** So late is it at PLC now. */
  hear(plcMs: number): void;
  report(): {
    readonly steps: number;
    readonly gross_steps: number;
    /** Milliseconds; positive: forward. */
    readonly last_step_ms: number | null;
    /** How much faster than the monotonic clock the wall clock runs, in parts per million. */
    readonly drift_ppm: number;
  };
}

/** Beyond this NTP gives up, and somebody has set the clock by hand (RFC 5905's panic threshold; paper 3.3). */
const grossStepMs = 1_000_000;
/** What a clock may gain or lose from one look to the next without having jumped: so much at once, and so much of the time between. */
const leastStepMs = 500;
const worstDrift = 0.05;
/** The estimate of the drift is of about the last two minutes: a look counts by the time that it spans, since what rounding makes of a millisecond is no rate. */
const memoryMs = 120_000;

interface ClockWatchOptions {
  readonly log: Log;
  /** What the clocks showed when the state was saved last. */
  readonly last: State["clock"];
  readonly onLook: () => void;
  readonly onStep: () => void;
}

/** `clock` is the machine's own. */
export function startClockWatch(
  clock: Clock,
  { lookMs, guards }: Pick<Config, "lookMs" | "guards">,
  { log, last, onLook, onStep }: ClockWatchOptions,
): ClockWatch {
  let steps = 0;
  let grossSteps = 0;
  let lastStep: number | null = null;
  let drift = 0;
  const began = { wall: clock.wall(), monotonic: clock.monotonic() };
  let seen = last?.boot === clock.boot ? { wall: last.wall_ms, monotonic: last.monotonic_ms } : began;
  /** Of the machine's former life, as long as it is not known how long the machine was off. */
  let former = last?.boot === clock.boot ? null : last;

  const tell = (by: number): void => {
    steps += 1;
    lastStep = Math.round(by);
    const isGross = Math.abs(by) > grossStepMs;
    if (isGross) grossSteps += 1;
    log("clock.step", { by_ms: lastStep, gross: isGross });
    onStep();
  };
  const compare = (): void => {
    const shown = { wall: clock.wall(), monotonic: clock.monotonic() };
    const passed = shown.monotonic - seen.monotonic;
    const gained = shown.wall - seen.wall - passed;
    seen = shown;
    const by = gained - drift * passed;
    if (Math.abs(by) > leastStepMs + worstDrift * Math.min(passed, lookMs)) tell(by);
    else if (passed > 0) drift += (1 - Math.exp(-passed / memoryMs)) * (gained / passed - drift);
  };
  /** What NTP sets right by itself is not told of a new start: nothing here has been running by that clock. */
  const compareLives = (wallMs: number, offMs: number): void => {
    former = null;
    const by = began.wall - wallMs - offMs;
    if (Math.abs(by) > grossStepMs) tell(by);
  };
  const compareAll = (): void => {
    compare();
    // PLC had said nothing before: it can tell nothing, and the machine was not off for long, or its clock is wrong.
    if (former?.plc_ms === null) compareLives(former.wall_ms, 0);
  };
  const hear = (plcMs: number): void => {
    const { plc_ms: heard = null, wall_ms: wall = 0 } = former ?? {};
    if (heard !== null) compareLives(wall, plcMs - heard - (clock.monotonic() - began.monotonic));
  };
  const watch = guards.has("clock-watch") ? { look: compareAll, hear } : { look: nothing, hear: nothing };
  const look = (): void => {
    watch.look();
    onLook();
    timer = clock.timer(lookMs, look);
  };
  let timer = clock.timer(0, look);

  return {
    hear: watch.hear,
    report: () => ({
      steps,
      gross_steps: grossSteps,
      last_step_ms: lastStep,
      drift_ppm: Math.round(drift * 1e6),
    }),
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}

const nothing = (): void => undefined;
