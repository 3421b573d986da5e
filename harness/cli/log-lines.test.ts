import { Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { createManualClock } from "../../proxies/tcp/link.testing.ts";
import { createLogLines } from "./log-lines.ts";

/** Whoever reads the lines, when asked to. */
function createReader() {
  const lines: string[] = [];
  const done: (() => void)[] = [];
  const stream = new Writable({
    write(chunk, _encoding, next) {
      lines.push(...String(chunk).split(/(?<=\n)/));
      done.push(next);
    },
  });
  return {
    stream,
    read: async (): Promise<readonly object[]> => {
      await setImmediate();
      for (let next = done.shift(); next !== undefined; next = done.shift()) next();
      return lines.splice(0).map((line) => JSON.parse(line) as object);
    },
  };
}

test("what finds no room is counted, and told of when there is room again, also if nothing happens any more", async () => {
  const clock = createManualClock();
  const { stream, read } = createReader();
  const tell = createLogLines(stream, clock);
  const fields = { text: "x".repeat(1024 * 1024) };
  for (let n = 0; n < 8; n += 1) tell("long", fields);
  await setImmediate();
  clock.advance(1000);
  expect(await read()).toEqual(Array.from({ length: 4 }, () => ({ event: "long", ...fields })));
  clock.advance(1000);
  tell("short");
  expect(await read()).toEqual([{ event: "log.dropped", lines: 4 }, { event: "short" }]);
});

const hit = (n: number): object => ({ event: "hit", n });

test("of more than a thousand lines of one event in a second the others are counted, and hide nothing else", async () => {
  const clock = createManualClock();
  const { stream, read } = createReader();
  const tell = createLogLines(stream, clock);
  for (let n = 0; n < 1002; n += 1) tell("hit", { n });
  clock.advance(999);
  tell("hit", { n: 1002 });
  tell("listening");
  const first = Array.from({ length: 1000 }, (_, n) => hit(n));
  expect(await read()).toEqual([...first, { event: "listening" }]);
  clock.advance(1);
  expect(await read()).toEqual([{ event: "log.dropped", lines: 3 }]);
  tell("hit", { n: 1003 });
  expect(await read()).toEqual([hit(1003)]);
});
