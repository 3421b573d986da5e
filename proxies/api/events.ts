/**
 * What has happened, for whoever listens: a bounded memory of the last events, and readers that are never waited for.
 *
 *     record ──► ring (the oldest go) ──► since a number, and then as they happen
 */
export interface RecordedEvent {
  /** Counts from 1. */
  readonly id: number;
  /** Its name, and JSON. */
  readonly read: () => { readonly event: string; readonly data: string };
}

export interface Events {
  record(event: string, fields: Readonly<Record<string, unknown>>): void;
  /** What has happened is not asked for until somebody reads it, which takes `kept` bytes. */
  recordUntold(told: () => Told, kept: number): void;
  /** The number of the last one; 0 before the first. */
  last(): number;
  /** Those behind `id` that are remembered. */
  since(id: number): readonly RecordedEvent[];
  listen(listener: (event: RecordedEvent) => void): Disposable;
  readers(): number;
}

interface Kept extends RecordedEvent {
  readonly size: number;
}

export interface Told {
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const mostEvents = 10_000;
const mostBytes = 4 * 1024 * 1024;

export function createEvents(wall: () => number): Events {
  let ring: Kept[] = [];
  let bytes = 0;
  let last = 0;
  const listeners = new Set<(event: RecordedEvent) => void>();

  function keep(size: number, read: RecordedEvent["read"]): void {
    last += 1;
    const kept = { id: last, size, read };
    ring.push(kept);
    bytes += size;
    // Half of them at once, so that a full ring costs no more than one that is not.
    if (ring.length > mostEvents || bytes > mostBytes) {
      ring = ring.slice(Math.ceil(ring.length / 2));
      bytes = ring.reduce((sum, each) => sum + each.size, 0);
    }
    for (const listener of listeners) listener(kept);
  }

  function recordUntold(told: () => Told, size: number): void {
    const time = wall();
    let read: { readonly event: string; readonly data: string } | undefined;
    keep(size, () => {
      if (read === undefined) {
        const { event, fields } = told();
        read = { event, data: dataOf(time, fields) };
      }
      return read;
    });
  }

  return {
    record(event, fields) {
      const size = sizeOf(fields);
      if (size !== undefined) {
        recordUntold(() => ({ event, fields }), size);
        return;
      }
      const read = { event, data: dataOf(wall(), fields) };
      keep(read.data.length, () => read);
    },
    recordUntold,
    last: () => last,
    since: (id) => ring.filter((event) => event.id > id),
    listen(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    readers: () => listeners.size,
  };
}

function dataOf(time: number, fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ time, ...fields });
}

/** About as long as their JSON; undefined if it takes JSON to know. */
function sizeOf(fields: Readonly<Record<string, unknown>>): number | undefined {
  let size = 0;
  for (const value of Object.values(fields)) {
    if (typeof value === "object") return undefined;
    size += typeof value === "string" ? value.length : 16;
  }
  return size;
}
