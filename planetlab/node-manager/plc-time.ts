/**
 * What time it is at PLC, from the timestamps of its documents: whether something is past is a question of that clock, and not of this node's.
 *
 *     asked ──────────── timestamp (cut to a second) ──────────── got        on the monotonic clock: right within half of the way, and half a second
 *
 * Two that are far enough apart tell how fast this node's own clock runs.
 */
import type { Clock, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import type { State } from "./state.ts";

export interface PlcTime {
  /** PLC's clock, in milliseconds since the Unix epoch; without any document yet, this node's. */
  now(): number;
  /** The same, or undefined if PLC has said nothing since the machine was started. */
  told(): number | undefined;
  /** A document of this time was asked for and got at these times, on the machine's monotonic clock. */
  hear(timestampMs: number, asked: number, got: number): void;
  /** What the state file keeps of the clocks. */
  saved(): State["clock"];
  report(): {
    readonly offset_ms: number | null;
    readonly error_ms: number | null;
    readonly rate: number;
    readonly jumps: number;
  };
}

/** PLC showed `plc`, give or take `error`, when the monotonic clock here showed `at`. */
interface Sample {
  readonly at: number;
  readonly plc: number;
  readonly error: number;
}

const secondMs = 1000;
/** No quartz is worse, and no machine loses more of its timer interrupts (paper 3.3): beyond this PLC's clock has jumped. */
const worstRate = 0.15;
/** So uncertain an estimate is none. */
const mostUncertain = 0.01;
/** Rates of longer ago say nothing about now; and so far apart are the samples that are kept for them. */
const memoryMs = 1_200_000;
const spacingMs = 30_000;
/** With so many of the last ones an estimate begins anew that did not foresee what came. */
const mostRecent = 3;
/** A jump of PLC's is believed when so many documents in a row agree on it. */
const confirmations = 3;

interface PlcTimeOptions {
  readonly log: Log;
  readonly last: State["clock"];
  /** So much of PLC's time passes in one millisecond of the machine's. */
  readonly onRate: (rate: number) => void;
}

export function createPlcTime(
  clock: Clock,
  { guards }: Pick<Config, "guards">,
  { log, last, onRate }: PlcTimeOptions,
): PlcTime {
  let anchor = anchorOf(last, clock.boot);
  let samples: readonly Sample[] = anchor === undefined ? [] : [anchor];
  let doubtful: readonly Sample[] = [];
  let rate = 1;
  let jumps = 0;
  const at = (monotonic: number): number | undefined =>
    anchor === undefined ? undefined : anchor.plc + (monotonic - anchor.at) * rate;
  const told = (): number | undefined => at(clock.monotonic());
  const offset = guards.has("plc-relative-time") ? () => (told() ?? clock.wall()) - clock.wall() : none;

  const estimate = (newest: Sample): void => {
    const [first] = samples;
    if (first === undefined || newest.at <= first.at) return;
    const passed = newest.at - first.at;
    const found = (newest.plc - first.plc) / passed;
    const uncertain = (newest.error + first.error) / passed;
    if (uncertain > mostUncertain) return;
    const before = rate;
    rate = Math.abs(found - 1) > uncertain ? found : 1;
    if (rate !== before && guards.has("rate-correction")) onRate(rate);
  };
  const take = (sample: Sample, by: number): void => {
    samples = samples.filter(({ at: taken }) => sample.at - taken < memoryMs);
    if (Math.abs(by) > sample.error + (anchor?.error ?? 0)) samples = samples.slice(-mostRecent);
    estimate(sample);
    if (sample.at - (samples.at(-1)?.at ?? -Infinity) >= spacingMs) samples = [...samples, sample];
    // An old sample that was a better one is still the better one for a while.
    const age = sample.at - (anchor?.at ?? sample.at);
    if (anchor === undefined || sample.error <= anchor.error + mostUncertain * age) anchor = sample;
  };
  const jump = (sample: Sample, by: number): void => {
    jumps += 1;
    log("plc.clock-step", { by_ms: Math.round(by) });
    [samples, doubtful, anchor] = [[], [], undefined];
    take(sample, 0);
  };

  return {
    told,
    now: () => clock.wall() + offset(),
    hear(timestampMs, asked, got) {
      const sample = {
        at: (asked + got) / 2,
        plc: timestampMs + secondMs / 2,
        error: (got - asked + secondMs) / 2,
      };
      const expected = at(sample.at);
      const by = sample.plc - (expected ?? sample.plc);
      const may = sample.error + (anchor?.error ?? 0) + worstRate * (sample.at - (anchor?.at ?? sample.at));
      if (Math.abs(by) <= may) {
        doubtful = [];
        return take(sample, by);
      }
      doubtful = [...doubtful.filter((each) => agree(each, sample)), sample];
      if (doubtful.length >= confirmations) jump(sample, by);
    },
    saved: () => ({
      boot: clock.boot,
      monotonic_ms: clock.monotonic(),
      wall_ms: clock.wall(),
      plc_ms: told() ?? null,
      plc_error_ms: anchor?.error ?? 0,
    }),
    report: () => {
      const there = told();
      return {
        offset_ms: there === undefined ? null : Math.round(there - clock.wall()),
        error_ms: anchor === undefined ? null : Math.round(anchor.error),
        rate: Math.round(rate * 1e6) / 1e6,
        jumps,
      };
    },
  };
}

function agree(one: Sample, other: Sample): boolean {
  const passed = Math.abs(other.at - one.at);
  return Math.abs(other.plc - one.plc - (other.at - one.at)) <= one.error + other.error + worstRate * passed;
}

/** What was known before this process began, if it is the same start of the machine. */
function anchorOf(last: State["clock"], boot: string): Sample | undefined {
  if (last === null || last.boot !== boot || last.plc_ms === null) return undefined;
  return { at: last.monotonic_ms, plc: last.plc_ms, error: last.plc_error_ms };
}

const none = (): number => 0;
