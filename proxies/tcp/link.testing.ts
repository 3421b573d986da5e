/** For tests: a link with a clock that is moved by hand, a source that is never late, and a sink that writes down what it gets and when. */
import type { Clock } from "../../host/host.ts";
import type { TcpFault } from "../../faults/tcp/contract.ts";
import { stream } from "../../faults/random.ts";
import { faults } from "../../faults/registry.ts";
import { createBudget, type Budget } from "./budget.ts";
import { createLink, type Link } from "./link.ts";

export interface ManualClock extends Clock {
  /** Moves time on; timers fire at their times, in order. */
  advance(milliseconds: number): void;
  readonly timers: () => number;
}

/** `creep`: how far time moves with every look at the clock, as it does on a busy machine. */
export function createManualClock(creep = 0): ManualClock {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  return {
    wall: () => now,
    monotonic: () => (now += creep),
    boot: "boot",
    sleep: () => Promise.reject(new Error("a link does not sleep")),
    timer(milliseconds, callback) {
      const timer = { at: now + milliseconds, callback };
      timers.add(timer);
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
    advance(milliseconds) {
      const end = now + milliseconds;
      for (;;) {
        const [first] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (first === undefined) break;
        now = Math.max(now, first.at);
        timers.delete(first);
        first.callback();
      }
      now = Math.max(now, end);
    },
    timers: () => timers.size,
  };
}

export interface Injected {
  readonly lift: () => void;
  readonly hits: () => number;
}

export interface Rig {
  readonly clock: ManualClock;
  readonly link: Link;
  /** What the sink got, such as `{ at: 100, got: "hello" }`, `fin`, `rst`. */
  readonly log: { readonly at: number; readonly got: string }[];
  readonly text: () => string;
  /** How it ended, such as `fin` or `rst by fault`; bytes may well say the same. */
  readonly end: () => string | undefined;
  /** When each byte came. */
  readonly times: () => readonly number[];
  readonly hits: string[];
  readonly send: (text: string) => void;
  readonly inject: (kind: string, parameters?: object) => Injected;
  /** How many wait to hear that all is written. */
  readonly watchers: () => number;
  /** While true, the sink says that it is full. */
  full: boolean;
  readonly drain: () => void;
  readonly paused: () => boolean;
}

interface RigOptions {
  /** By default one of its own. */
  readonly clock?: ManualClock;
  readonly budget?: Budget;
  /** True if the sink is open from the start. */
  readonly ready?: boolean;
  readonly seed?: number;
  /** How much time passes whenever somebody looks at the clock. */
  readonly creep?: number;
  /** What is injected before the connection begins. */
  readonly faultsBefore?: readonly { readonly kind: string; readonly parameters?: object }[];
}

export function createRig({
  ready = true,
  seed = 1,
  creep = 0,
  faultsBefore = [],
  budget = createBudget(),
  clock = createManualClock(creep),
}: RigOptions = {}): Rig {
  const log: { at: number; got: string }[] = [];
  const hits: string[] = [];
  const watchers: (() => void)[] = [];
  let paused = false;
  const note = (got: string): void => void log.push({ at: clock.monotonic(), got });
  /** The bytes alone: data may well say "fin". */
  const chunks: { readonly at: number; readonly text: string }[] = [];
  let end: string | undefined;
  const finish = (how: string): void => {
    end = how;
    note(how);
  };
  const link = createLink({
    clock,
    budget,
    source: { pause: () => void (paused = true), resume: () => void (paused = false) },
    sink: {
      ...(ready ? {} : { open: (to?: string) => note(to === undefined ? "open" : `open ${to}`) }),
      write(chunk) {
        const text = Buffer.from(chunk).toString("latin1");
        chunks.push({ at: clock.monotonic(), text });
        note(text);
        return !rig.full;
      },
      end: (byFault) => finish(byFault ? "fin by fault" : "fin"),
      reset: (byFault) => finish(byFault ? "rst by fault" : "rst"),
      close: () => finish("close"),
      flushed: () => !rig.full,
      whenFlushed: (then) => void watchers.push(then),
    },
  });
  const rig: Rig = {
    clock,
    link,
    log,
    hits,
    full: false,
    end: () => end,
    text: () => chunks.map(({ text }) => text).join(""),
    times: () => chunks.flatMap(({ at, text }) => Array.from({ length: text.length }, () => at)),
    send: (text) => link.receive(Buffer.from(text, "latin1")),
    inject(kind, parameters = {}) {
      const fault = faults.get(kind) as TcpFault;
      const owner = {};
      let count = 0;
      link.inject({
        owner,
        fault,
        parameters: fault.parameters.parse(parameters),
        context: {
          since: clock.monotonic(),
          others: 0,
          shared: {},
          direction: "downstream",
          draw: stream(seed, [kind]),
        },
        onHit(item) {
          count += 1;
          hits.push(`${kind} ${item.type}`);
        },
      });
      return { lift: () => link.lift(owner), hits: () => count };
    },
    drain() {
      rig.full = false;
      link.drained();
      for (const then of watchers.splice(0)) then();
    },
    paused: () => paused,
    watchers: () => watchers.length,
  };
  for (const { kind, parameters } of faultsBefore) rig.inject(kind, parameters);
  link.begin();
  return rig;
}
