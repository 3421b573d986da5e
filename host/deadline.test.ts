import { getEventListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { DeadlineError, createDeadline } from "./deadline.ts";
import type { Clock } from "./host.ts";
import { realClock } from "./real/clock.ts";

const farMs = 1_000_000;

test("a deadline aborts by itself", async () => {
  using deadline = createDeadline(realClock, 1);
  await new Promise((resolve) => deadline.signal.addEventListener("abort", resolve));
  expect(deadline.signal.reason).toBeInstanceOf(DeadlineError);
});

test("a deadline follows the signal that was passed in, whether that aborts later or has aborted", () => {
  const outer = new AbortController();
  using deadline = createDeadline(realClock, farMs, outer);
  const reason = new Error("enough");
  outer.abort(reason);
  expect(deadline.signal.reason).toBe(reason);
  using late = createDeadline(realClock, farMs, outer);
  expect(late.signal.reason).toBe(reason);
});

test("a deadline that was called off never aborts, and listens to nobody", () => {
  const outer = new AbortController();
  const deadline = createDeadline(realClock, farMs, outer);
  deadline[Symbol.dispose]();
  expect(getEventListeners(outer.signal, "abort")).toEqual([]);
  outer.abort();
  expect(deadline.signal.aborted).toBe(false);
});

test("who still listens to a deadline that was called off is forgotten with it", async () => {
  const outer = new AbortController();
  const listen = (): WeakRef<object> => {
    using deadline = createDeadline(realClock, farMs, outer);
    const listener = (): void => expect.unreachable(String(deadline.signal.reason));
    deadline.signal.addEventListener("abort", listener);
    return new WeakRef(listener);
  };
  const kept = listen();
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // What was looked at in a turn is kept until its end.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(kept.deref()).toBeUndefined();
});

test("a deadline without a limit ends by its outer signal alone", () => {
  const outer = new AbortController();
  const started: number[] = [];
  const timer: Clock["timer"] = (milliseconds) => {
    started.push(milliseconds);
    return { [Symbol.dispose]() {} };
  };
  using deadline = createDeadline({ ...realClock, timer }, Infinity, { signal: outer.signal });
  expect([started, deadline.signal.aborted]).toEqual([[], false]);
  outer.abort();
  expect(deadline.signal.aborted).toBe(true);
});
