/** The door of the RPC server alone: who is given how long, and who makes room. */
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Socket } from "../../host/host.ts";
import { createTestClock } from "./clocks.testing.ts";
import { createDoor, type Stage } from "./door.ts";
import { createGuards, type Guard } from "./guards.ts";

/** A door with two places and a deadline of a second, on a clock that only the test moves. */
function rig(...without: readonly Guard[]) {
  const clock = createTestClock();
  const lines: string[] = [];
  const config = { guards: createGuards(without), rpcDeadlineMs: 1000, rpcConnections: 2 };
  const door = createDoor(clock, config, (_event, fields) => void lines.push(String(fields?.["why"])));
  return {
    door,
    lines,
    clock,
    enter: async (...stages: readonly Stage[]): Promise<Socket> => {
      const stream = new PassThrough();
      const socket = Object.assign(stream, { resetAndDestroy: () => stream.destroy() }) as unknown as Socket;
      door.enter(socket);
      for (const stage of stages) door.reach(socket, stage);
      await settled();
      return socket;
    },
  };
}

/** Streams tell of their end a little later. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a deadline", () => {
  test.for([["head", []] as const, ["body", ["body"]] as const, ["reply", ["body", "call", "reply"]] as const])(
    "is given to the %s",
    async ([stage, stages]) => {
      const { enter, clock, lines } = rig();
      const socket = await enter(...stages);
      clock.pass(999);
      expect(socket.destroyed).toBe(false);
      clock.pass(1);
      expect(socket.destroyed).toBe(true);
      await settled();
      expect(lines).toEqual([`its ${stage} took longer than 1000 ms`]);
    },
  );

  test("begins anew with each stage, and a call that is being executed has none", async () => {
    const { enter, clock, door } = rig();
    const socket = await enter();
    for (const stage of ["body", "call", "reply"] as const) {
      clock.pass(stage === "reply" ? 100_000 : 900);
      door.reach(socket, stage);
      expect(socket.destroyed).toBe(false);
    }
  });
});

describe("one more than there are places", () => {
  test("takes that of the one who has been silent longest, and of nobody who is served", async () => {
    const { enter, lines } = rig();
    const served = await enter("body", "call");
    const silent = await enter();
    const next = await enter("body");
    expect([served, silent, next].map(({ destroyed }) => destroyed)).toEqual([false, true, false]);
    expect(lines).toEqual(["it made room for others"]);
  });

  test("is turned away if all are served", async () => {
    const { enter } = rig();
    const served = [await enter("body", "call"), await enter("body", "call", "reply")];
    const next = await enter();
    expect([...served, next].map(({ destroyed }) => destroyed)).toEqual([false, false, true]);
  });

  test("without connection-limit is one more", async () => {
    const { enter, door } = rig("connection-limit");
    for (let n = 0; n < 5; n += 1) await enter();
    expect(door.report()).toMatchObject({ open: 5, most: 5, turned_away: 0 });
  });
});

test("twenty lines a minute, and the others are counted", async () => {
  const { enter, clock, lines, door } = rig();
  for (let n = 0; n < 30; n += 1) (await enter()).destroy();
  await settled();
  expect(lines).toHaveLength(20);
  expect(door.report()).toMatchObject({ turned_away: 30, unlogged: 10 });
  clock.pass(60_000);
  (await enter()).destroy();
  await settled();
  expect(lines.slice(20)).toEqual(["it left before the end of its head"]);
});
