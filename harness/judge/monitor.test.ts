import { expect, test } from "vitest";
import { createMonitor } from "./monitor.ts";
import { expectation, sketchPlan, story, usualStory, type Told } from "./judge.testing.ts";

const plan = sketchPlan({ steady: [expectation("always node.alive"), expectation("always node.ping.age < 2s")] });

function monitored(...told: readonly Told[]) {
  const monitor = createMonitor(plan);
  for (const event of story(...told)) monitor.apply(event);
  return monitor;
}

const up: readonly Told[] = [
  [1, "service.start"],
  [3, "probe", { name: "node.ping", ok: true, value: 200 }],
];

test("steady is when every expectation of the steady state is so", () => {
  expect(monitored().isSteady()).toBe(false);
  expect(monitored(...up).isSteady()).toBe(true);
});

test("with time alone the system can cease to be steady, and it says what is not so", () => {
  const monitor = monitored(...up);
  monitor.advance(4999);
  expect(monitor.isSteady()).toBe(true);
  monitor.advance(5000);
  expect(monitor.unsteady().map(({ text }) => text)).toEqual(["always node.ping.age < 2s"]);
});

test("a condition rises each time that it becomes true, even if only between two events of one time", () => {
  const monitor = monitored(...up);
  const watch = monitor.watch("!node.alive");
  const later = story([5, "service.exit"], [5, "service.start"], [6, "service.exit"]).slice(1);
  expect(later.map((event) => [monitor.apply(event), watch.value, watch.rises].slice(1))).toEqual([
    [true, 1],
    [false, 1],
    [true, 2],
  ]);
});

test("a condition that was true already when the watch was set has not risen", () => {
  const watch = monitored(...up).watch("node.alive");
  expect([watch.value, watch.rises]).toEqual([true, 0]);
});

test("a condition on an age rises when time comes", () => {
  const monitor = monitored(...up);
  const watch = monitor.watch("node.ping.age > 5s");
  monitor.advance(8000);
  expect(watch.value).toBe(false);
  monitor.advance(8025);
  expect([watch.value, watch.rises]).toEqual([true, 1]);
});

test("a pulse between two looks at the time is not missed", () => {
  const monitor = monitored(...up);
  const watch = monitor.watch("node.ping.age >= 5s && node.ping.age < 5001ms");
  monitor.advance(20_000);
  expect([watch.value, watch.rises]).toEqual([false, 1]);
});

test("it says when time alone can change what is watched, and whether the system is steady if that was asked", () => {
  const monitor = monitored(...up);
  expect(monitor.next()).toBe(Infinity);
  monitor.isSteady();
  expect(monitor.next()).toBe(5000);
  const watch = monitor.watch("node.ping.age > 1s");
  expect(monitor.next()).toBe(4000);
  monitor.advance(4000);
  expect(monitor.next()).toBe(4000.1);
  watch[Symbol.dispose]();
  expect(monitor.next()).toBe(Infinity);
});

test("a watch that was disposed of is not looked at any more", () => {
  const monitor = monitored(...up);
  const watch = monitor.watch("node.alive");
  watch[Symbol.dispose]();
  for (const event of story([5, "service.exit"])) monitor.apply(event);
  expect(watch.value).toBe(true);
});

test("an event counts from the moment that the watch was set", () => {
  const monitor = monitored(...up, [4, "service.exit"]);
  const watch = monitor.watch("node.exits");
  expect([watch.value, watch.rises]).toEqual([false, 0]);
  for (const event of story([5, "service.start"], [6, "service.exit"])) monitor.apply(event);
  expect([watch.value, watch.rises]).toEqual([true, 1]);
});

test("the edge of a step or a phase counts from the beginning of the run", () => {
  const monitor = createMonitor(plan);
  const [started, ended] = [monitor.watch("drip"), monitor.watch("phase.warm-up")];
  const seen = usualStory().map((event) => {
    monitor.apply(event);
    return `${event.at} ${started.value} ${ended.value}`;
  });
  expect(seen.find((line) => line.includes("true true"))).toBe("3000 true true");
  expect(seen.find((line) => line.endsWith("true"))).toBe("2000 false true");
  expect(monitor.watch("drip").value).toBe(true);
});

test("what is not known, and what can't be computed, does not hold", () => {
  const monitor = monitored();
  expect(monitor.watch("size(node.slivers) == 0").value).toBe(false);
  expect(monitor.watch("1 / node.starts == 1").value).toBe(false);
});

test("a misspelt signal is an error at once", () => {
  expect(() => createMonitor(plan).watch("node.alife")).toThrow("did you mean alive?");
});
