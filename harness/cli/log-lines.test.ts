import { Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { createLogLines } from "./log-lines.ts";

test("what finds no room is counted, and told of when there is room again", async () => {
  const lines: string[] = [];
  let read: (() => void) | undefined;
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(...String(chunk).split(/(?<=\n)/));
      read = done;
    },
  });
  const tell = createLogLines(stream);
  const event = { event: "long", text: "x".repeat(1024 * 1024) };
  for (let n = 0; n < 8; n += 1) tell(event);
  await setImmediate();
  while (stream.writableLength > 0) {
    const next = read;
    read = undefined;
    next?.();
  }
  tell({ event: "short" });
  await setImmediate();
  read?.();
  expect(lines.slice(0, -2).every((line) => line === `${JSON.stringify(event)}\n`)).toBe(true);
  expect(lines.slice(-2)).toEqual([`{"event":"log.dropped","lines":4}\n`, `{"event":"short"}\n`]);
});
