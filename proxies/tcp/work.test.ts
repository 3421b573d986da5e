import { expect, test } from "vitest";
import type { TcpFault } from "../../faults/tcp/contract.ts";
import { slicer } from "../../faults/tcp/slicer.ts";
import { stream } from "../../faults/random.ts";
import { createManualClock, createRig } from "./link.testing.ts";
import { createWork } from "./work.ts";

/** A clock whose timers are ends of turns, called by hand. */
function createTurns() {
  const ends: (() => void)[] = [];
  const clock = {
    ...createManualClock(),
    timer(_ms: number, end: () => void): Disposable {
      ends.push(end);
      return { [Symbol.dispose]: () => {} };
    },
  };
  return {
    clock,
    endTurn: (): void => {
      const [end, ...others] = ends.splice(0);
      expect(others).toEqual([]);
      end?.();
    },
    wanted: () => ends.length > 0,
  };
}

test("a turn has an end, and those that found it go on in the next ones, in their order", () => {
  const { clock, endTurn, wanted } = createTurns();
  const work = createWork(clock, 10);
  const log: string[] = [];
  const goOn = (name: string, pieces: number) => (): void => {
    log.push(name);
    work.spend(pieces);
  };
  const [a, b, c] = [goOn("a", 9), goOn("b", 9), goOn("c", 1)];
  work.spend(4);
  expect([work.isLeft(a), wanted()]).toEqual([true, false]);
  work.spend(8);
  expect([a, b, c, a].map((each) => work.isLeft(each))).toEqual([false, false, false, false]);
  endTurn();
  expect(log).toEqual(["a", "b"]);
  endTurn();
  expect([log, wanted()]).toEqual([["a", "b", "c"], false]);
});

test("what faults cut into single bytes is neither judged nor written in one turn, on however many links", () => {
  const { clock, endTurn, wanted } = createTurns();
  const rigs = [createRig({ clock }), createRig({ clock }), createRig({ clock })];
  const text = "x".repeat(128 * 1024);
  const written = (): number => rigs.reduce((sum, { log }) => sum + log.length, 0);
  for (const rig of rigs) rig.inject("tcp.slicer", { size: "1B" });
  for (const rig of rigs) rig.send(text);
  for (let last = 0; wanted(); last = written()) {
    expect(written() - last).toBeLessThan(2000);
    endTurn();
  }
  expect(rigs.map((rig) => rig.text())).toEqual([text, text, text]);
});

test("a fault that comes to many links at once judges in one turn what some of them hold", () => {
  const { clock, endTurn, wanted } = createTurns();
  const rigs = Array.from({ length: 10 }, () => createRig({ clock }));
  const text = "x".repeat(64 * 1024);
  for (const rig of rigs) {
    rig.full = true;
    rig.send("first");
    rig.send(text);
  }
  let judged = 0;
  const fault: TcpFault = slicer;
  const counting: TcpFault = {
    ...fault,
    map(...given) {
      judged += 1;
      return fault.map(...given);
    },
  };
  const parameters = slicer.parameters.parse({ size: "1B" });
  const context = { since: 0, others: 0, shared: {}, direction: "downstream", draw: stream(1, []) } as const;
  for (const { link } of rigs) link.inject({ owner: {}, fault: counting, parameters, context, onHit: () => {} });
  // It sees a tick of each link, and bytes of the first.
  expect(judged).toBeLessThan(rigs.length + 5);
  for (const rig of rigs) rig.drain();
  while (wanted()) endTurn();
  expect(rigs.map((rig) => rig.text().length)).toEqual(rigs.map(() => "first".length + text.length));
});
