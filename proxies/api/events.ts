/**
 * What has happened, for whoever listens: a bounded memory of the last events, and readers that are never waited for.
 *
 *     record ──► ring (the oldest go) ──► since a number, and then as they happen
 */
export interface RecordedEvent {
  /** Counts from 1. */
  readonly id: number;
  /** Its name and what else there is to tell. */
  readonly told: () => Told;
  readonly time: number;
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

  function recordUntold(told: () => Told, size: number): void {
    last += 1;
    const kept = { id: last, size, told, time: wall() };
    ring.push(kept);
    bytes += size;
    // Half of them at once, so that a full ring costs no more than one that is not.
    if (ring.length > mostEvents || bytes > mostBytes) {
      ring = ring.slice(Math.ceil(ring.length / 2));
      bytes = ring.reduce((sum, each) => sum + each.size, 0);
    }
    for (const listener of listeners) listener(kept);
  }

  return {
    record(event, fields) {
      recordUntold(() => ({ event, fields }), sizeOf(fields));
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

/** About as long as their JSON. Whoever tells of them does not change them any more. */
function sizeOf(fields: Readonly<Record<string, unknown>>): number {
  let size = 0;
  for (const value of Object.values(fields)) {
    if (typeof value === "string") size += value.length;
    else size += typeof value === "object" ? JSON.stringify(value).length : 16;
  }
  return size;
}
