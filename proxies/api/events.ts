/**
 * What has happened, for whoever listens: a bounded memory of the last events, and readers that are never waited for.
 *
 *     record ──► ring (the oldest go) ──► since a number, and then as they happen
 */
export interface RecordedEvent {
  /** Counts from 1. */
  readonly id: number;
  readonly event: string;
  /** JSON. */
  readonly data: string;
}

export interface Events {
  record(event: string, fields: Readonly<Record<string, unknown>>): void;
  /** The number of the last one; 0 before the first. */
  last(): number;
  /** Those behind `id` that are remembered. */
  since(id: number): readonly RecordedEvent[];
  listen(listener: (event: RecordedEvent) => void): Disposable;
  readers(): number;
}

const mostEvents = 10_000;
const mostBytes = 4 * 1024 * 1024;

export function createEvents(wall: () => number): Events {
  let ring: RecordedEvent[] = [];
  let bytes = 0;
  let last = 0;
  const listeners = new Set<(event: RecordedEvent) => void>();

  return {
    record(event, fields) {
      last += 1;
      const recorded = { id: last, event, data: JSON.stringify({ time: wall(), ...fields }) };
      ring.push(recorded);
      bytes += recorded.data.length;
      // Half of them at once, so that a full ring costs no more than one that is not.
      if (ring.length > mostEvents || bytes > mostBytes) {
        ring = ring.slice(Math.ceil(ring.length / 2));
        bytes = ring.reduce((sum, { data }) => sum + data.length, 0);
      }
      for (const listener of listeners) listener(recorded);
    },
    last: () => last,
    since: (id) => ring.filter((event) => event.id > id),
    listen(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    readers: () => listeners.size,
  };
}
