/** One direction of one flow: judges what comes, and keeps it until it is due. */
import type { Host } from "../../host/host.ts";
import { judge, type Stage, type Waiting } from "./stages.ts";

export interface PipeOptions {
  readonly clock: Host["clock"];
  readonly send: (bytes: Uint8Array) => void;
  /** Whether there is room to keep so many bytes more (or, below 0, that so many are gone). One for which there is no room is lost. */
  readonly keep: (bytes: number) => boolean;
  /** One was lost for that. */
  readonly onFull: () => void;
}

export interface Pipe extends Disposable {
  receive(bytes: Uint8Array): void;
  inject(stage: Stage): void;
  /** What waits because of it alone goes at once, in the order in which it came. */
  lift(owner: object): void;
  readonly waiting: number;
}

interface Held extends Waiting {
  /** When it came, and as which one, copies counted. */
  readonly came: number;
  readonly number: number;
  readonly due: number;
}

/** The longest that a timer of Node takes. */
const longestTimerMs = 2 ** 31 - 1;

export function createPipe({ clock, send, keep, onFull }: PipeOptions): Pipe {
  let stages: readonly Stage[] = [];
  let held: Held[] = [];
  let received = 0;
  let numbered = 0;
  let timer: Disposable | undefined;

  function flush(): void {
    timer?.[Symbol.dispose]();
    timer = undefined;
    const now = clock.monotonic();
    const ripe = held
      .filter(({ due }) => due <= now)
      .toSorted((one, other) => one.due - other.due || one.number - other.number);
    held = held.filter(({ due }) => due > now);
    for (const { datagram } of ripe) {
      keep(-datagram.bytes.length);
      send(datagram.bytes);
    }
    const next = Math.min(...held.map(({ due }) => due));
    if (next < Infinity) timer = clock.timer(Math.min(longestTimerMs, Math.max(0, next - now)), flush, { exact: true });
  }

  return {
    get waiting() {
      return held.length;
    },
    receive(bytes) {
      received += 1;
      if (stages.length === 0) {
        send(bytes);
        return;
      }
      const came = clock.monotonic();
      let later = false;
      for (const waiting of judge(stages, { due: came, ordinal: received, bytes })) {
        const { due, bytes: put } = waiting.datagram;
        if (due <= came) send(put);
        else if (keep(put.length)) {
          numbered += 1;
          held.push({ ...waiting, came, number: numbered, due });
          later = true;
        } else onFull();
      }
      if (later) flush();
    },
    inject: (stage) => void (stages = [...stages, stage]),
    lift(owner) {
      if (!stages.some((stage) => stage.owner === owner)) return;
      stages = stages.filter((stage) => stage.owner !== owner);
      const now = clock.monotonic();
      held = held.map((each) => {
        if (!each.added.has(owner)) return each;
        const added = new Map([...each.added].filter(([by]) => by !== owner));
        // What is late already goes now, one after the other as they came.
        const due = Math.max(
          now,
          [...added.values()].reduce((sum, time) => sum + time, each.came),
        );
        return { ...each, added, due };
      });
      flush();
    },
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]();
      for (const { datagram } of held) keep(-datagram.bytes.length);
      held = [];
    },
  };
}
