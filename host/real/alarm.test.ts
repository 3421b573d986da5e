import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { alarmIn, prepareAlarms } from "./alarm.ts";

beforeAll(async () => {
  prepareAlarms();
  while (alarmIn(0, () => {}) === undefined) await sleep(1);
});

test("alarms call in the order of their times", async () => {
  const called: number[] = [];
  await Promise.all(
    [29, 3, 21, 14].map(
      (length) => new Promise<void>((resolve) => alarmIn(length, () => resolve(void called.push(length)))),
    ),
  );
  expect(called).toEqual([3, 14, 21, 29]);
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
    prepareAlarms();
    while (alarmIn(0, () => {}) === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => { const keep = setTimeout(() => {}, 2 ** 30); alarmIn(1, () => { clearTimeout(keep); resolve(); }); });
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "inherit" });
  expect(await once(child, "exit")).toEqual([0, null]);
});
