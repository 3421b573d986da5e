/** The memory of events, by itself. */
import { array, assert, constant, oneof, property, record, string, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { createEvents, type TellMessage } from "./events.ts";

const tell: TellMessage = (message, bytes) => ({ event: "passed", fields: { ...message, bytes: [...bytes] } });

test("what is remembered are the last events, each as it was, whatever they were and however long", () => {
  const recorded = oneof(
    record({ text: string({ maxLength: 50 }) }),
    record({ bytes: uint8Array({ maxLength: 2000 }) }),
    constant({ text: "x".repeat(700_000) }),
  );
  assert(
    property(array(recorded, { maxLength: 60 }), (all) => {
      const events = createEvents(() => 5);
      const expected: unknown[] = [];
      for (const [n, each] of all.entries()) {
        if ("text" in each) {
          events.record("said", { text: each.text });
          expected.push({ event: "said", fields: { text: each.text } });
        } else {
          const mine = Uint8Array.from(each.bytes);
          events.recordMessage({ n }, mine, tell);
          mine.fill(0);
          expected.push({ event: "passed", fields: { n, bytes: [...each.bytes] } });
        }
      }
      const found = events.since(0);
      expect(found.map(({ id }) => id)).toEqual(found.map((_, n) => all.length - found.length + 1 + n));
      expect(found.map(({ told }) => told())).toEqual(expected.slice(all.length - found.length));
      // What comes last is always remembered, and a few that are small are, too.
      expect(found.length).toBeGreaterThanOrEqual(Math.min(all.length, 4));
    }),
  );
});

test("ten thousand are remembered, and no more, and no more than 4 MiB of messages", () => {
  const events = createEvents(() => 5);
  const bytes = new Uint8Array(100);
  for (let n = 1; n <= 25_000; n += 1) events.recordMessage({ n }, bytes.fill(n), tell);
  const found = events.since(0);
  expect([found.length, found[0]?.id, found.at(-1)?.id]).toEqual([10_000, 15_001, 25_000]);
  for (const { id, told } of found)
    expect(told()).toEqual({ event: "passed", fields: { n: id, bytes: Array.from({ length: 100 }, () => id % 256) } });
  for (let n = 1; n <= 10_000; n += 1) events.recordMessage({ n }, new Uint8Array(1000), tell);
  expect(events.since(0).length).toBeLessThanOrEqual((4 * 1024 * 1024) / 1000);
  expect(events.since(34_990)).toHaveLength(10);
});
