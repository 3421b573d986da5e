import { Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { createManualClock } from "../../proxies/tcp/link.testing.ts";
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

test("of more than a thousand lines in a second the others are counted, and told of when it is over, also if nothing happens any more", async () => {
  const clock = createManualClock();
  let written = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk);
      done();
    },
  });
  const tell = createLogLines(stream, clock);
  const read = async (): Promise<readonly object[]> => {
    await setImmediate();
    const lines = written
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as object);
    written = "";
    return lines;
  };
  for (let n = 0; n < 1002; n += 1) tell({ event: "hit", n });
  clock.advance(999);
  tell({ event: "hit", n: 1002 });
  expect(await read()).toEqual(Array.from({ length: 1000 }, (_, n) => ({ event: "hit", n })));
  clock.advance(1);
  expect(await read()).toEqual([{ event: "log.dropped", lines: 3 }]);
  tell({ event: "hit", n: 1003 });
  expect(await read()).toEqual([{ event: "hit", n: 1003 }]);
});
