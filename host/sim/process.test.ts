/** The door of a simulated process: what reaches a program when it runs, stands still, is slow, or has ended. */
import { expect, test } from "vitest";
import type { Exit } from "../host.ts";
import { createProcess, type ControlledProcess } from "./process.ts";
import { createSignalBox } from "./signals.ts";
import { createVirtualTime, type VirtualTime } from "./time.ts";

interface Scene {
  readonly time: VirtualTime;
  readonly process: ControlledProcess;
  readonly cpu: { frozen: boolean; load: number };
  readonly log: string[];
  /** Writes down when it reached the program. */
  readonly note: (text: string) => () => void;
  readonly exits: { readonly exit: Exit; readonly error?: unknown }[];
}

function createScene(): Scene {
  const time = createVirtualTime();
  const cpu = { frozen: false, load: 0 };
  const log: string[] = [];
  const exits: { exit: Exit; error?: unknown }[] = [];
  const process = createProcess({
    name: "node",
    time,
    cpu,
    mostDescriptors: () => 22,
    onDescriptorsSpent: () => log.push("spent"),
    onEnd: (exit, error) => exits.push({ exit, ...(error !== undefined && { error }) }),
  });
  return { time, cpu, log, process, exits, note: (text) => () => void log.push(`${text} at ${time.now()}`) };
}

function sleepUntil(time: VirtualTime, moment: number): Promise<void> {
  return new Promise((resolve) => void time.at(moment, resolve));
}

test("what comes while it stands still reaches it when it goes on, in order, and each in a turn of its own", async () => {
  const { time, process, log, note } = createScene();
  await time.pass(async () => {
    process.stop(true);
    for (const text of ["first", "second"]) {
      process.deliver(() => {
        note(text)();
        void Promise.resolve().then(note(`after ${text}`));
      });
    }
    await sleepUntil(time, 5);
    process.stop(false);
    process.deliver(note("third"));
    await sleepUntil(time, 6);
  });
  expect(log).toEqual(["first at 5", "after first at 5", "second at 5", "after second at 5", "third at 5"]);
});

test("a timer that is due on a frozen CPU fires when it thaws, and one that was called off meanwhile does not", async () => {
  const { time, process, cpu, log, note } = createScene();
  await time.pass(async () => {
    process.deliverIn(1, note("due"));
    const off = process.deliverIn(1, note("called off"));
    cpu.frozen = true;
    await sleepUntil(time, 3);
    off[Symbol.dispose]();
    cpu.frozen = false;
    process.wake();
    await sleepUntil(time, 4);
  });
  expect(log).toEqual(["due at 3"]);
});

test("on a loaded CPU each turn takes its time, and the next one waits for it", async () => {
  const { time, process, cpu, log, note } = createScene();
  cpu.load = 10;
  await time.pass(async () => {
    for (const text of ["one", "two", "three"]) process.deliver(note(text));
    await sleepUntil(time, 10);
  });
  expect(log).toEqual(["one at 0", "two at 1", "three at 2"]);
});

test("what has ended hears nothing more, and what it owned is taken back", async () => {
  const { time, process, log, note, exits } = createScene();
  await time.pass(async () => {
    process.own({ [Symbol.dispose]: note("taken back") });
    process.deliverIn(1, note("timer"));
    const promise = process.after(1, note("work")).then(note("told"));
    void promise;
    process.end({ code: 0, signal: undefined });
    process.deliver(note("late"));
    await sleepUntil(time, 5);
  });
  expect(log).toEqual(["taken back at 0"]);
  expect(exits).toEqual([{ exit: { code: 0, signal: undefined } }]);
});

test("an error that it does not catch is its end, with exit code 1", async () => {
  const { time, process, exits } = createScene();
  const error = new Error("oh");
  await time.pass(async () => {
    process.deliver(() => {
      throw error;
    });
  });
  expect(exits).toEqual([{ exit: { code: 1, signal: undefined }, error }]);
});

test("descriptors are counted, beside those that every program begins with, and given back", () => {
  const { process, log } = createScene();
  const first = process.openDescriptor();
  process.openDescriptor();
  expect(() => process.openDescriptor()).toThrow(expect.objectContaining({ code: "EMFILE" }));
  first[Symbol.dispose]();
  process.openDescriptor();
  expect(log).toEqual(["spent"]);
});

test("signals that come while it is stopped are one, KILL does not wait, and others end it when it goes on", async () => {
  const { time, process, log, note, exits } = createScene();
  const box = createSignalBox(process);
  await time.pass(async () => {
    const handler = box.signals.on("HUP", note("HUP"));
    box.send("STOP");
    box.send("HUP");
    box.send("HUP");
    await sleepUntil(time, 1);
    box.send("CONT");
    await sleepUntil(time, 2);
    handler[Symbol.dispose]();
    box.send("STOP");
    box.send("HUP");
    await sleepUntil(time, 3);
    expect(exits).toEqual([]);
    box.send("CONT");
    await sleepUntil(time, 4);
  });
  expect(log).toEqual(["HUP at 1"]);
  expect(exits).toEqual([{ exit: { code: undefined, signal: "HUP" } }]);
  expect(box.send("HUP")).toBe(false);
});

test("a signal whose handler another one takes away before its turn is forgotten, and ends nobody", async () => {
  const { time, process, log, note, exits } = createScene();
  const box = createSignalBox(process);
  await time.pass(async () => {
    const doomed = box.signals.on("USR2", note("USR2"));
    box.signals.on("HUP", () => {
      note("HUP")();
      doomed[Symbol.dispose]();
    });
    for (const signal of ["STOP", "HUP", "USR2", "CONT"] as const) box.send(signal);
    await sleepUntil(time, 1);
  });
  expect(log).toEqual(["HUP at 0"]);
  expect(exits).toEqual([]);
});
