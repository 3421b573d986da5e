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

/** Puts a message that has passed into words. */
export type TellMessage = (message: object, bytes: Uint8Array) => Told;

export interface Events {
  record(event: string, fields: Readonly<Record<string, unknown>>): void;
  /**
   * Thousands of messages may pass in a second: what they are is not asked for until somebody reads it. `tell` is best the same for many, and `message` as well:
   * each object that is remembered costs the collector of garbage time.
   */
  recordMessage(message: object, bytes: Uint8Array, tell: TellMessage): void;
  /** The number of the last one; 0 before the first. */
  last(): number;
  /** Those behind `id` that are remembered. */
  since(id: number): readonly RecordedEvent[];
  listen(listener: (event: RecordedEvent) => void): Disposable;
  readers(): number;
}

export interface Told {
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const mostEvents = 10_000;
const mostBytes = 4 * 1024 * 1024;
/** What is longer is put into words at once. */
const longestMessage = 1024;

/** An event's place in the ring: it has fields, or is a message whose bytes are in the memory. */
interface Place {
  event: string;
  fields: Told["fields"] | undefined;
  message: object | undefined;
  tell: TellMessage | undefined;
  time: number;
  /** Where its bytes begin, counted from the first byte ever; fields take as many as are about as long as they. */
  start: number;
  length: number;
}

export function createEvents(wall: () => number): Events {
  const places: Place[] = [];
  /** Made when the first message passes. */
  let memory = Buffer.alloc(0);
  let taken = 0;
  let last = 0;
  let first = 1;
  const listeners = new Set<(event: RecordedEvent) => void>();

  function placeOf(id: number): Place {
    return (places[id % mostEvents] ??= emptyPlace());
  }

  function forget(): void {
    const place = placeOf(first);
    place.fields = place.message = place.tell = undefined;
    first += 1;
  }

  /** The next place, with room for so many bytes: the oldest make it. */
  function take(length: number): Place {
    last += 1;
    if (last - first >= mostEvents) forget();
    // In one piece.
    if ((taken % mostBytes) + length > mostBytes) taken += mostBytes - (taken % mostBytes);
    const start = taken;
    taken += length;
    while (first < last && placeOf(first).start < taken - mostBytes) forget();
    const place = placeOf(last);
    place.time = wall();
    place.start = start;
    place.length = length;
    return place;
  }

  function eventOf(id: number): RecordedEvent {
    const { event, fields, message, tell, time, start, length } = placeOf(id);
    if (fields !== undefined) return { id, time, told: () => ({ event, fields }) };
    const begin = start % mostBytes;
    const bytes = Uint8Array.from(memory.subarray(begin, begin + length));
    if (message === undefined || tell === undefined) throw new Error("an event of which nothing is remembered");
    return { id, time, told: () => tell(message, bytes) };
  }

  function publish(): void {
    if (listeners.size === 0) return;
    const event = eventOf(last);
    for (const listener of listeners) listener(event);
  }

  function record(event: string, fields: Told["fields"]): void {
    const place = take(Math.min(sizeOf(fields), mostBytes));
    place.event = event;
    place.fields = fields;
    publish();
  }

  return {
    record,
    recordMessage(message, bytes, tell) {
      if (bytes.length > longestMessage) {
        const { event, fields } = tell(message, bytes);
        record(event, fields);
        return;
      }
      if (memory.length === 0) memory = Buffer.alloc(mostBytes);
      const place = take(bytes.length);
      memory.set(bytes, place.start % mostBytes);
      place.message = message;
      place.tell = tell;
      publish();
    },
    last: () => last,
    since(id) {
      const from = Math.max(first, id + 1);
      return Array.from({ length: Math.max(0, last - from + 1) }, (_, n) => eventOf(from + n));
    },
    listen(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    readers: () => listeners.size,
  };
}

function emptyPlace(): Place {
  return { event: "", fields: undefined, message: undefined, tell: undefined, time: 0, start: 0, length: 0 };
}

/** About as long as their JSON. Whoever tells of them does not change them any more. */
function sizeOf(fields: Readonly<Record<string, unknown>>): number {
  let size = 0;
  for (const key in fields) {
    const value = fields[key];
    if (typeof value === "string") size += value.length;
    else size += typeof value === "object" ? JSON.stringify(value).length : 16;
  }
  return size;
}
