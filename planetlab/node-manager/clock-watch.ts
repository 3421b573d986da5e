/**
 * Watches the wall clock: looks at it and at the monotonic one again and again, and tells the jumps from what is only a clock that runs badly.
 *
 *     wall − monotonic ──► goes evenly: a rate        jumps: clock.step, with its size
 */
import type { Clock, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import type { State } from "./state.ts";

export interface ClockWatch extends Disposable {
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
  /** What the clocks showed when the state was saved last, if that was since the machine was started. */
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
  let seen =
    last !== null && last.boot === clock.boot
      ? { wall: last.wall_ms, monotonic: last.monotonic_ms }
      : { wall: clock.wall(), monotonic: clock.monotonic() };

  const compare = (): void => {
    const shown = { wall: clock.wall(), monotonic: clock.monotonic() };
    const passed = shown.monotonic - seen.monotonic;
    const gained = shown.wall - seen.wall - passed;
    seen = shown;
    const by = gained - drift * passed;
    if (Math.abs(by) <= leastStepMs + worstDrift * Math.min(passed, lookMs)) {
      if (passed > 0) drift += (1 - Math.exp(-passed / memoryMs)) * (gained / passed - drift);
      return;
    }
    steps += 1;
    lastStep = Math.round(by);
    const isGross = Math.abs(by) > grossStepMs;
    if (isGross) grossSteps += 1;
    log("clock.step", { by_ms: lastStep, gross: isGross });
    onStep();
  };
  const look = (): void => {
    if (guards.has("clock-watch")) compare();
    onLook();
    timer = clock.timer(lookMs, look);
  };
  let timer = clock.timer(0, look);

  return {
    report: () => ({
      steps,
      gross_steps: grossSteps,
      last_step_ms: lastStep,
      drift_ppm: Math.round(drift * 1e6),
    }),
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}
