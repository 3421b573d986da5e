import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createScaledClock, realClock } from "./clock.ts";

/** From microseconds to more than what an alarm is given. */
const lengths = [0, 0.001, 0.5, 1, 2.999, 3, 3.2, 7.7, 20];

describe.each([
  ["the machine's clock", realClock],
  ["a clock sixty times as fast", createScaledClock({ scale: 60 })],
])("%s", (_, clock) => {
  test.each([false, true])("no timer is early, and each calls once, exact: %j", async (exact) => {
    const early: number[] = [];
    // The first is from before there is a thread for exact ones, the others from when there is.
    for (let round = 0; round < 5; round++)
      await Promise.all(
        lengths.map(async (length) => {
          const due = clock.monotonic() + length;
          let calls = 0;
          await new Promise<void>((resolve) => clock.timer(length, () => resolve(void calls++), { exact }));
          if (clock.monotonic() < due || calls !== 1) early.push(length);
        }),
      );
    expect(early).toEqual([]);
  });

  test("an exact timer that is called off doesn't call", async () => {
    const called: number[] = [];
    for (const length of lengths) clock.timer(length, () => called.push(length), { exact: true })[Symbol.dispose]();
    await clock.sleep(40);
    expect(called).toEqual([]);
  });
});

test("exact timers keep no process alive", () => {
  const clock = fileURLToPath(new URL("clock.ts", import.meta.url));
  const program = `import { realClock } from ${JSON.stringify(clock)};
    const again = () => realClock.timer(1, again, { exact: true });
    again();
    realClock.timer(1e9, () => console.log("called"), { exact: true });
    await realClock.sleep(100);
    console.log("done");`;
  expect(execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" })).toBe("done\n");
});
