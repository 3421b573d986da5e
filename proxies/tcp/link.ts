/**
 * One direction of one connection: byte order and timers. Which faults act, it is told; what they do, it does not know.
 *
 *     source ──► backlog of unfaulted items ──► the item being delivered, judged ──► sink
 *                                                 ▲ judged again when a fault comes or goes
 *
 * Items are judged one at a time, when all before them have been delivered: so there is one state to go back to, and a fault that comes or
 * goes acts on everything that is not yet out. What becomes of an item depends on when it arrived, not on when it is judged.
 */
import type { Clock } from "../../host/host.ts";
import type { TcpData, TcpItem } from "../../faults/tcp/contract.ts";
import { cutAt, endOf } from "../../faults/tcp/cut.ts";
import { createBacklog, largestItem } from "./backlog.ts";
import { budgetOfProcess, type Budget } from "./budget.ts";
import { findHits } from "./hits.ts";
import { copyOf, createStage, judge, withoutSpent, type Stage, type StageOptions } from "./stage.ts";
import { workOf } from "./work.ts";

/** Where items go. Nothing here calls back into the link before it has returned. */
export interface Sink {
  /** The connection is to be opened, `to` somebody else if a fault says so (`TcpOpen`); `Link.ready` says when it is. Absent if it is open from the start. */
  open?(to?: string): void;
  /** False if it is full; `Link.drained` says when it is not. */
  write(bytes: Uint8Array): boolean;
  /** `byFault` unless the source itself sent its FIN. */
  end(byFault: boolean): void;
  /** Ends both directions of the connection; `byFault` unless the source itself did. */
  reset(byFault: boolean): void;
  /** Ends both directions of the connection politely, behind what was written; only a fault does. */
  close(): void;
  /** True if the kernel has taken all that was written. */
  flushed(): boolean;
  /** Calls back once when the kernel has taken all that was written until now. */
  whenFlushed(then: () => void): void;
}

export interface LinkOptions {
  readonly clock: Clock;
  readonly sink: Sink;
  readonly source: { pause(): void; resume(): void };
  /** By default that of the process. */
  readonly budget?: Budget;
}

export interface Link extends Disposable {
  /** The connection is there: opens the sink, unless a fault has it otherwise. */
  begin(): void;
  /** From the source. `done`: bytes are not looked at any more (`OnRead`). */
  receive(what: "fin" | "rst" | Uint8Array, done?: () => void): void;
  /** From the sink. */
  ready(): void;
  drained(): void;
  /** Later ones act on what earlier ones put out. */
  inject(options: StageOptions): void;
  lift(owner: object): void;
  /** How many bytes the source has sent, and how many the sink has got. */
  received(): number;
  delivered(): number;
}

/** A fault may cut an item into as many pieces as it has bytes: so much of it is judged at once that there are about as many. */
const piecesAtOnce = 1000;
/** As long as it is not known what faults make of it. */
const firstBite = 16 * 1024;
/** What timers can wait, in milliseconds; a longer wait is several. */
const longestWait = 1_000_000_000;

interface Judgement {
  readonly item: TcpItem;
  readonly outputs: readonly TcpItem[];
  /** When it was judged, and how much had passed by then. */
  readonly since: number;
  readonly from: number;
  /** Which output is to be delivered. */
  next: number;
  /** How many of the bytes that come once more had come so already when it was judged. */
  skip: number;
  witnessed: boolean;
}

export function createLink({ clock, sink, source, budget = budgetOfProcess }: LinkOptions): Link {
  let stages: readonly Stage[] = [];
  const backlog = createBacklog({ source, budget, onRoom: pump });
  const work = workOf(clock);
  let current: Judgement | undefined;
  let bite = firstBite;
  /** The source's own reset: it does not queue. */
  let sourceReset: TcpItem | undefined;
  const ticks = new Set<number>();
  let timer: { readonly at: number; readonly handle: Disposable } | undefined;
  let received = 0;
  /** All bytes before this offset were delivered or swallowed. */
  let passed = 0;
  let delivered = 0;
  /** How many bytes of the current item have come once more. */
  let repeated = 0;
  /** Memory that is not the link's own: whose it is hears of it when all bytes before this offset are out. */
  const loans: { readonly until: number; readonly done: () => void }[] = [];
  let begun = false;
  let open = sink.open === undefined;
  let full = false;
  /** Since when the sink takes bytes, if it does. */
  let takesSince = 0;
  let watching = false;
  /** The sink got its FIN: nothing queues any more, but a fault may still reset the connection. */
  let ended = false;
  let over = false;

  const judged = (item: TcpItem, by: readonly Stage[] = stages): readonly TcpItem[] =>
    judge(by, item, (due) => void ticks.add(due));

  function forgetSpent(): void {
    const kept = withoutSpent(stages, passed);
    if (kept.length === stages.length) return;
    stages = kept;
    backlog.adapt(kept);
  }

  function next(): Judgement | undefined {
    // Of one of which bytes have come once more it is only known together how many.
    const item = backlog.take(repeated > 0 ? Infinity : bite);
    if (item === undefined) return undefined;
    forgetSpent();
    for (const stage of stages) stage.saved = { ...stage.state };
    return judgementOf(item);
  }

  function finish(item: TcpItem): void {
    if (item.type === "data") passed = Math.max(passed, endOf(item));
    current = undefined;
    repeated = 0;
    backlog.release(item);
    giveBack(passed);
  }

  /** What was lent for bytes before this offset. */
  function giveBack(before: number): void {
    for (let loan = loans[0]; loan !== undefined && loan.until <= before; loan = loans[0]) {
      loans.shift();
      whenFlushed(loan.done);
    }
  }

  /** Nothing of what is here is delivered any more. */
  function forget(): void {
    current = undefined;
    backlog.releaseAll();
    giveBack(Infinity);
  }

  function judgeAgain(): void {
    forgetSpent();
    if (current === undefined) return;
    for (const stage of stages) stage.state = { ...stage.saved };
    const { item } = current;
    current = work.isLeft(pump) ? judgementOf(item) : undefined;
    if (current === undefined) backlog.putBack(item);
  }

  function judgementOf(item: TcpItem): Judgement {
    const outputs = judged(item);
    work.spend(outputs.length);
    if (item.type === "data")
      bite = Math.ceil(Math.min(largestItem, (item.bytes.length * piecesAtOnce) / Math.max(1, outputs.length)));
    return {
      item,
      outputs,
      since: clock.monotonic(),
      from: passed,
      next: 0,
      skip: repeated,
      witnessed: false,
    };
  }

  /** A fault came or went, or asked for this moment. What is put out for a tick happens at once. */
  function tick(): void {
    ticks.clear();
    const item = { type: "tick", due: clock.monotonic() } as const;
    const before = stages.map(copyOf);
    const outputs = judged(item);
    findHits({ stages, before, item, outputs, since: item.due, now: item.due, from: passed });
    if (outputs.some(({ type }) => type === "rst")) reset(true);
    else if (outputs.some(({ type }) => type === "close")) closePolitely();
    else if (outputs.some(({ type }) => type === "fin")) end(true);
  }

  /** Before faults come or go: what is due is delivered, and what has hit by now has hit. */
  function settle(): void {
    pump();
    if (!over) testify(clock.monotonic());
  }

  function testify(now: number): void {
    const output = current?.outputs[current.next];
    if (output !== undefined && sinkTakes(output)) witness(now);
  }

  /** Which faults make a difference by now to what the sink gets of the current item. */
  function witness(now: number): void {
    if (current === undefined) return;
    current.witnessed = true;
    const before = stages.map((stage) => ({ ...stage, state: stage.saved }));
    findHits({ ...current, stages, before, since: Math.max(current.since, takesSince), now });
  }

  function changed(): void {
    bite = firstBite;
    backlog.adapt(stages);
    judgeAgain();
    if (begun && !over) tick();
    pump();
  }

  function reset(byFault: boolean): void {
    close();
    sink.reset(byFault);
  }

  function closePolitely(): void {
    close();
    sink.close();
  }

  function end(byFault: boolean): void {
    ended = true;
    forget();
    sink.end(byFault);
  }

  function close(): void {
    if (over) return;
    testify(clock.monotonic());
    over = true;
    forget();
    disarm();
  }

  /** False if it waits for the sink, whatever its time. */
  function sinkTakes({ type }: TcpItem): boolean {
    if (type === "data") return open && !full;
    return type !== "fin" || open;
  }

  /** False if it has to wait. */
  function repeat(copy: TcpData, judgement: Judgement, now: number): boolean {
    const skipped = Math.min(judgement.skip, copy.bytes.length);
    if (skipped < copy.bytes.length) {
      if (copy.due > now || !sinkTakes(copy)) return false;
      write(copy.bytes.subarray(skipped));
      repeated += copy.bytes.length - skipped;
    }
    judgement.skip -= skipped;
    return true;
  }

  /** False if it has to wait. */
  function deliver(output: TcpItem, judgement: Judgement, now: number): boolean {
    if (output.type === "data" && output.again === true) return repeat(output, judgement, now);
    const { item: source } = judgement;
    const item = output.type === "data" ? cutAt(output, passed)[1] : output;
    if (item.type === "data" && item.bytes.length === 0) return true;
    if (item.due > now || !sinkTakes(item)) return false;
    switch (item.type) {
      case "tick":
        return true;
      case "open":
        sink.open?.(item.to);
        return true;
      case "data":
        passed = endOf(item);
        write(item.bytes);
        return true;
      case "fin":
        end(source.type !== "fin");
        return true;
      case "rst":
        // A fault has put it behind data, which the reset would throw away if the kernel has not got it yet.
        if (!isFlushed()) return false;
        reset(true);
        return true;
      case "close":
        closePolitely();
        return true;
    }
    return item satisfies never;
  }

  function whenFlushed(then: () => void): void {
    if (sink.flushed()) then();
    else sink.whenFlushed(then);
  }

  /** If false, looks again when it is true. */
  function isFlushed(): boolean {
    if (sink.flushed()) return true;
    if (!watching) {
      watching = true;
      sink.whenFlushed(() => {
        watching = false;
        pump();
      });
    }
    return false;
  }

  function write(bytes: Uint8Array): void {
    delivered += bytes.length;
    full = !sink.write(bytes);
  }

  function pump(): void {
    if (over) return;
    const now = clock.monotonic();
    if (ticks.values().some((due) => due <= now)) tick();
    if (!over) resetIfDue(now);
    while (work.isLeft(pump) && step(now));
    if (over) return;
    backlog.regulate(full, now);
    arm(now);
  }

  /** One output further; false if there is none, or it has to wait. */
  function step(now: number): boolean {
    if (over || ended) return false;
    current ??= next();
    if (current === undefined) return false;
    const judgement = current;
    const output = judgement.outputs[judgement.next];
    if (output === undefined) {
      witness(now);
      finish(judgement.item);
      return true;
    }
    if (output.type !== "data" && sinkTakes(output)) witness(now);
    if (deliver(output, judgement, now)) {
      work.spend(1);
      judgement.next += 1;
      return true;
    }
    if (!judgement.witnessed) testify(now);
    return false;
  }

  /** When the source's reset is due. It overtakes, so it is judged on copies: the states must not remember it. */
  function resetAt(): number {
    if (sourceReset === undefined) return Infinity;
    return judged(sourceReset, stages.map(copyOf)).find(({ type }) => type === "rst")?.due ?? Infinity;
  }

  function resetIfDue(now: number): void {
    if (sourceReset === undefined) return;
    const outputs = judged(sourceReset, stages.map(copyOf));
    findHits({ stages, before: stages, item: sourceReset, outputs, since: sourceReset.due, now, from: passed });
    if (outputs.some(({ type, due }) => type === "rst" && due <= now)) reset(false);
  }

  /** One timer, for what waits for its time. What was due at that time and is still here waits for the sink. */
  function arm(now: number): void {
    const due = current?.outputs[current.next]?.due ?? Infinity;
    const at = Math.min(due > now ? due : Infinity, resetAt(), ...ticks);
    if (timer?.at === at) return;
    disarm();
    if (at === Infinity) return;
    const then = (): void => {
      timer = undefined;
      pump();
    };
    timer = { at, handle: clock.timer(Math.min(longestWait, Math.max(0, at - now)), then, { exact: true }) };
  }

  function disarm(): void {
    timer?.handle[Symbol.dispose]();
    timer = undefined;
  }

  /** No fault is concerned, and nobody is before them: true if they are on their way. */
  function passOn(bytes: Uint8Array, done?: () => void): boolean {
    if (stages.length > 0 || current !== undefined || !backlog.isEmpty() || !open || full || over || ended)
      return false;
    received += bytes.length;
    passed = received;
    write(bytes);
    if (done !== undefined) whenFlushed(done);
    if (full) backlog.regulate(full, clock.monotonic());
    return true;
  }

  function keep(bytes: Uint8Array, done?: () => void): void {
    if (over || ended) {
      done?.();
      return;
    }
    const item = { type: "data", due: clock.monotonic(), offset: received, bytes: own(bytes, done) } as const;
    received += bytes.length;
    backlog.put(item);
    pump();
  }

  /** Few bytes in much memory are copied, so that no more is held than is counted. */
  function own(bytes: Uint8Array, done?: () => void): Uint8Array {
    if (done === undefined) return bytes;
    if (bytes.length * 2 > bytes.buffer.byteLength) {
      loans.push({ until: received + bytes.length, done });
      return bytes;
    }
    const copy = new Uint8Array(bytes);
    done();
    return copy;
  }

  return {
    begin() {
      begun = true;
      if (sink.open === undefined) tick();
      else backlog.put({ type: "open", due: clock.monotonic() });
      pump();
    },
    receive(what, done) {
      if (typeof what !== "string") {
        if (!passOn(what, done)) keep(what, done);
      } else if (what === "rst" && !over) {
        sourceReset = { type: "rst", due: clock.monotonic() };
        pump();
      } else if (!over && !ended) {
        backlog.put({ type: what, due: clock.monotonic() });
        pump();
      }
    },
    ready() {
      open = true;
      takesSince = clock.monotonic();
      pump();
    },
    drained() {
      if (full) takesSince = clock.monotonic();
      full = false;
      pump();
    },
    inject(options) {
      settle();
      if (over) return;
      stages = [...stages, createStage(options, passed)];
      changed();
    },
    lift(owner) {
      settle();
      if (over) return;
      for (const stage of stages) {
        if (stage.owner === owner) stage.lifted ??= { at: clock.monotonic(), until: received };
      }
      changed();
    },
    received: () => received,
    delivered: () => delivered,
    [Symbol.dispose]() {
      close();
      source.pause();
    },
  };
}
