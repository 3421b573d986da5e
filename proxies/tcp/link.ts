/**
 * One direction of one connection: byte order, timers and back-pressure. Which faults act, it is told; what they do, it does not know.
 *
 *     source ──► queue of unfaulted items ──► the item being delivered, judged ──► sink
 *                                                 ▲ judged again when a fault comes or goes
 *
 * Items are judged one at a time, when all before them have been delivered: so there is one state to go back to, and a fault that comes or
 * goes acts on everything that is not yet out. What becomes of an item depends on when it arrived, not on when it is judged.
 */
import type { Clock } from "../../host/host.ts";
import type { TcpItem } from "../../faults/tcp/contract.ts";
import { cutAt, endOf, piecesOf } from "../../faults/tcp/cut.ts";
import { createStage, judge, withoutSpent, type Stage, type StageOptions } from "./stage.ts";

/** Where items go. Nothing here calls back into the link before it has returned. */
export interface Sink {
  /** The connection is to be opened; `Link.ready` says when it is. */
  open(): void;
  /** False if it is full; `Link.drained` says when it is not. */
  write(bytes: Uint8Array): boolean;
  end(): void;
  /** Ends both directions of the connection; `byFault` unless the source itself did. */
  reset(byFault: boolean): void;
  /** True if the kernel has taken all that was written; else `Link.drained` says when it has. */
  flushed(): boolean;
}

export interface LinkOptions {
  readonly clock: Clock;
  readonly sink: Sink;
  /** True if the sink can take bytes from the start. */
  readonly ready: boolean;
  readonly source: { pause(): void; resume(): void };
}

export interface Link extends Disposable {
  /** From the source. */
  receive(what: "open" | "fin" | "rst" | Uint8Array): void;
  /** From the sink. */
  ready(): void;
  drained(): void;
  /** Later ones act on what earlier ones put out. */
  inject(options: StageOptions): void;
  lift(owner: object): void;
  /** How many bytes the sink has got. */
  delivered(): number;
}

/** Per direction of a connection; a sender that is further ahead is paused. An item costs more than its bytes. */
const maximumHeld = 1024 * 1024;
const costOfItem = 256;
/** Judged at once: a fault may cut it into as many pieces. */
const largestItem = 16 * 1024;
/** What timers can wait, in milliseconds; a longer wait is several. */
const longestWait = 1_000_000_000;

export function createLink({ clock, sink, source, ready }: LinkOptions): Link {
  let stages: readonly Stage[] = [];
  const queue: TcpItem[] = [];
  let current: { readonly item: TcpItem; outputs: readonly TcpItem[]; next: number } | undefined;
  /** The source's own reset: it does not queue. */
  let sourceReset: TcpItem | undefined;
  const ticks = new Set<number>();
  let timer: { readonly at: number; readonly handle: Disposable } | undefined;
  let received = 0;
  /** All bytes before this offset were delivered or swallowed. */
  let passed = 0;
  let delivered = 0;
  let held = 0;
  let paused = false;
  let begun = false;
  let open = ready;
  let full = false;
  /** The sink got its FIN: nothing queues any more, but a fault may still reset the connection. */
  let ended = false;
  let over = false;

  const judged = (item: TcpItem, by: readonly Stage[] = stages): readonly TcpItem[] =>
    judge(by, item, (due) => void ticks.add(due));

  function enqueue(item: TcpItem): void {
    queue.push(item);
    held += costOf(item);
  }

  function next(): typeof current {
    const item = queue.shift();
    if (item === undefined) return undefined;
    stages = withoutSpent(stages, passed);
    for (const stage of stages) stage.saved = { ...stage.state };
    return { item, outputs: judged(item), next: 0 };
  }

  function finish(item: TcpItem): void {
    if (item.type === "data") passed = Math.max(passed, endOf(item));
    held -= costOf(item);
    current = undefined;
  }

  function judgeAgain(): void {
    stages = withoutSpent(stages, passed);
    if (current === undefined) return;
    for (const stage of stages) stage.state = { ...stage.saved };
    current = { item: current.item, outputs: judged(current.item), next: 0 };
  }

  /** A fault came or went, or asked for this moment. What is put out for a tick happens at once. */
  function tick(): void {
    ticks.clear();
    const outputs = judged({ type: "tick", due: clock.monotonic() });
    if (outputs.some(({ type }) => type === "rst")) reset(true);
    else if (outputs.some(({ type }) => type === "fin")) end();
  }

  function changed(): void {
    judgeAgain();
    if (begun && !over) tick();
    pump();
  }

  function reset(byFault: boolean): void {
    close();
    sink.reset(byFault);
  }

  function end(): void {
    ended = true;
    queue.length = 0;
    current = undefined;
    held = 0;
    sink.end();
  }

  function close(): void {
    over = true;
    disarm();
  }

  /** False if it has to wait. */
  function deliver(output: TcpItem, now: number): boolean {
    const item = output.type === "data" ? cutAt(output, passed)[1] : output;
    if (item.type === "data" && item.bytes.length === 0) return true;
    if (item.due > now) return false;
    switch (item.type) {
      case "tick":
        return true;
      case "open":
        sink.open();
        return true;
      case "data":
        if (!open || full) return false;
        passed = endOf(item);
        write(item.bytes);
        return true;
      case "fin":
        if (!open) return false;
        end();
        return true;
      case "rst":
        // A fault has put it behind data, which the reset would throw away if the kernel has not got it yet.
        if (!sink.flushed()) return false;
        reset(true);
        return true;
    }
    return item satisfies never;
  }

  function write(bytes: Uint8Array): void {
    delivered += bytes.length;
    full = !sink.write(bytes);
  }

  function pump(): void {
    if (over) return;
    const now = clock.monotonic();
    if (ticks.values().some((due) => due <= now)) tick();
    if (!over && resetAt() <= now) reset(false);
    while (step(now));
    if (over) return;
    regulate();
    arm(now);
  }

  /** One output further; false if there is none, or it has to wait. */
  function step(now: number): boolean {
    if (over || ended) return false;
    current ??= next();
    if (current === undefined) return false;
    const judgement = current;
    const output = judgement.outputs[judgement.next];
    if (output === undefined) finish(judgement.item);
    else if (deliver(output, now)) judgement.next += 1;
    else return false;
    return true;
  }

  /** When the source's reset is due. It overtakes, so it is judged on copies: the states must not remember it. */
  function resetAt(): number {
    if (sourceReset === undefined) return Infinity;
    const copies = stages.map((stage) => ({ ...stage, state: { ...stage.state } }));
    return judged(sourceReset, copies).find(({ type }) => type === "rst")?.due ?? Infinity;
  }

  function regulate(): void {
    if (!paused && held > maximumHeld) {
      paused = true;
      source.pause();
    } else if (paused && held <= maximumHeld / 2) {
      paused = false;
      source.resume();
    }
  }

  /** One timer, for what waits for its time. What was due at that time and is still here waits for the sink. */
  function arm(now: number): void {
    const due = current?.outputs[current.next]?.due ?? Infinity;
    const at = Math.min(due > now ? due : Infinity, resetAt(), ...ticks);
    if (timer?.at === at) return;
    disarm();
    if (at === Infinity) return;
    const handle = clock.timer(Math.min(longestWait, Math.max(0, at - now)), () => {
      timer = undefined;
      pump();
    });
    timer = { at, handle };
  }

  function disarm(): void {
    timer?.handle[Symbol.dispose]();
    timer = undefined;
  }

  function receiveBytes(bytes: Uint8Array): void {
    const item = { type: "data", due: clock.monotonic(), offset: received, bytes } as const;
    received += bytes.length;
    const idle = current === undefined && queue.length === 0;
    if (idle && stages.length === 0 && open && !full) {
      passed = received;
      write(bytes);
    } else {
      for (const piece of piecesOf(item, largestItem)) enqueue(piece);
      pump();
    }
  }

  return {
    receive(what) {
      if (over) return;
      if (what === "rst") {
        sourceReset = { type: "rst", due: clock.monotonic() };
        pump();
      } else if (!ended && typeof what !== "string") {
        receiveBytes(what);
      } else if (!ended && typeof what === "string") {
        begun = true;
        enqueue({ type: what, due: clock.monotonic() });
        pump();
      }
    },
    ready() {
      open = true;
      pump();
    },
    drained() {
      full = false;
      pump();
    },
    inject(options) {
      if (over) return;
      stages = [...stages, createStage(options, passed)];
      changed();
    },
    lift(owner) {
      if (over) return;
      for (const stage of stages) {
        if (stage.owner === owner) stage.lifted ??= { at: clock.monotonic(), until: received };
      }
      changed();
    },
    delivered: () => delivered,
    [Symbol.dispose]() {
      close();
      source.pause();
    },
  };
}

function costOf(item: TcpItem): number {
  return costOfItem + (item.type === "data" ? item.bytes.length : 0);
}
