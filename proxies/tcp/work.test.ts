import { expect, test } from "vitest";
import type { TcpFault } from "../../faults/tcp/contract.ts";
import { slicer } from "../../faults/tcp/slicer.ts";
import { stream } from "../../faults/random.ts";
import { createEnds } from "../../host/turns.testing.ts";
import { createManualClock, createRig, type ManualClock } from "./link.testing.ts";

/** A clock whose timers are ends of turns. */
function createClock() {
  const { next, endTurn, wanted } = createEnds();
  const timer: ManualClock["timer"] = (_ms, end) => {
    next(end);
    return { [Symbol.dispose]: () => {} };
  };
  return { clock: { ...createManualClock(), timer }, endTurn, wanted };
}

test("what faults cut into single bytes is neither judged nor written in one turn, on however many links", () => {
  const { clock, endTurn, wanted } = createClock();
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
  const { clock, endTurn, wanted } = createClock();
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
