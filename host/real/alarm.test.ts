import { spawn } from "node:child_process";
import { once } from "node:events";
import { beforeAll, expect, test } from "vitest";
import { alarmIn, prepareAlarms } from "./alarm.ts";

beforeAll(prepareAlarms);

test("alarms call in the order of their times", async () => {
  /** When each is due: it was set between two looks at the clock, which are far apart if this process had to wait. */
  const called: { readonly soonest: number; readonly latest: number }[] = [];
  await Promise.all(
    [29, 3, 21, 14].map(
      (length) =>
        new Promise<void>((resolve) => {
          const soonest = performance.now() + length;
          alarmIn(length, () => resolve(void called.push({ soonest, latest })));
          const latest = performance.now() + length;
        }),
    ),
  );
  const wrong = called.filter(({ soonest }, n) => called.slice(n + 1).some(({ latest }) => latest < soonest));
  expect([called.length, wrong]).toEqual([4, []]);
});

test("one that is called off by one that is due with it doesn't call", async () => {
  const called: string[] = [];
  await new Promise<void>((resolve) => {
    alarmIn(1, () => others.forEach((each) => each?.[Symbol.dispose]()));
    const others = [1, 1, 2].map((length) => alarmIn(length, () => called.push("an alarm that was called off")));
    alarmIn(5, resolve);
  });
  expect(called).toEqual([]);
});

test("one that is set by one that calls is waited for, too", async () => {
  const called: number[] = [];
  await new Promise<void>((resolve) =>
    alarmIn(1, () => {
      alarmIn(0, () => {
        called.push(1);
        alarmIn(2, resolve);
      });
      called.push(0);
    }),
  );
  expect(called).toEqual([0, 1]);
});

test("a process in which alarms have called ends by itself", async () => {
  const alarm = JSON.stringify(new URL("alarm.ts", import.meta.url));
  const program = `
    const { alarmIn, prepareAlarms } = await import(${alarm});
    const keep = setTimeout(() => {}, 2 ** 30);
    await prepareAlarms();
    await new Promise((resolve) => alarmIn(1, resolve));
    clearTimeout(keep);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "inherit" });
  expect(await once(child, "exit")).toEqual([0, null]);
});
