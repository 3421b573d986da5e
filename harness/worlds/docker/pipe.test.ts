/** What harness and gate say to one another, over real pipes, and what becomes of it when either end dies. */
import { once } from "node:events";
import { PassThrough } from "node:stream";
import type { Duplex } from "node:stream";
import { array, assert, asyncProperty, constantFrom, nat, record } from "fast-check";
import { describe, expect, test } from "vitest";
import { WorldError } from "../../errors.ts";
import { openGate, serveGate } from "./pipe.ts";
import type { Gate, Operation } from "./pipe.ts";
import { joinPipes } from "./pipes.ts";

interface Conversation {
  readonly gate: Gate;
  /** Resolves when the gate has ended, and all that lasted is lifted. */
  readonly served: Promise<void>;
  readonly ends: { readonly harness: () => void; readonly gate: () => void };
}

function converse(
  operations: Readonly<Record<string, Operation>>,
  connect: () => Promise<Duplex> = async () => echo(),
): Conversation {
  const [up, down] = [new PassThrough(), new PassThrough()];
  const served = serveGate({ pipe: joinPipes(up, down), operations, connect });
  const gate = openGate(joinPipes(down, up));
  return { gate, served, ends: { harness: () => void up.destroy(), gate: () => void down.destroy() } };
}

function echo(): Duplex {
  return new PassThrough();
}

/** One that says `count` things and then lasts, and how many of its kind last now. */
function createLasting(count = 0) {
  let lasting = 0;
  const operation: Operation = async (input, { tell }) => {
    lasting += 1;
    for (let n = 0; n < count; n++) tell({ n, input });
    return { value: input, lasting: { [Symbol.asyncDispose]: async () => void (lasting -= 1) } };
  };
  return { operation, count: () => lasting };
}

describe("a conversation", () => {
  test("asks are answered, each with its own value", async () => {
    const { gate, served } = converse({
      double: async (input) => ({ value: Number(input) * 2 }),
      nothing: async () => ({}),
    });
    expect(await Promise.all([1, 2, 3].map((n) => gate.ask("double", n)))).toEqual([2, 4, 6]);
    expect(await gate.ask("nothing", { any: "thing" })).toBeNull();
    gate.close();
    await served;
  });

  test("a question of any length arrives as it is", async () => {
    const { gate, served } = converse({ same: async (input) => ({ value: input }) });
    const long = "a line\nand a half: ü ".repeat(50_000);
    expect(await gate.ask("same", long)).toBe(long);
    gate.close();
    await served;
  });

  test("an error of the world is one here, with its code, and a bug says where it is", async () => {
    const { gate, served } = converse({
      world: async () => {
        throw Object.assign(new WorldError("the disk is gone"), { code: "EIO" });
      },
      bug: async () => {
        throw new TypeError("not a function");
      },
    });
    await expect(gate.ask("world", null)).rejects.toThrow(WorldError);
    await expect(gate.ask("world", null)).rejects.toMatchObject({ message: "the disk is gone", code: "EIO" });
    await expect(gate.ask("bug", null)).rejects.toThrow(
      /^the gate failed at bug: TypeError: not a function\n.*pipe\.test/,
    );
    await expect(gate.ask("unknown", null)).rejects.toThrow(
      /^the gate failed at unknown: .*are both of the same version/,
    );
    gate.close();
    await served;
  });

  test("what lasts, lasts until it is disposed of, and all of its news come before", async () => {
    const lasting = createLasting(100);
    const { gate, served } = converse({ hold: lasting.operation });
    const news: unknown[] = [];
    const held = await gate.hold("hold", "x", (each) => news.push(each));
    expect([held.value, lasting.count()]).toEqual(["x", 1]);
    await held[Symbol.asyncDispose]();
    expect(lasting.count()).toBe(0);
    expect(news).toEqual(Array.from({ length: 100 }, (_, n) => ({ n, input: "x" })));
    gate.close();
    await served;
  });

  test("a lift that fails says so to whoever lifts", async () => {
    const { gate, served } = converse({
      hold: async () => ({
        lasting: {
          async [Symbol.asyncDispose]() {
            throw new WorldError("it can't be lifted");
          },
        },
      }),
    });
    const held = await gate.hold("hold", null, () => {});
    await expect(held[Symbol.asyncDispose]()).rejects.toThrow("it can't be lifted");
    gate.close();
    await served;
  });

  test("a connection carries bytes both ways, and one that is refused has the code of the refusal", async () => {
    let refused = false;
    const { gate, served } = converse({}, async () => {
      if (refused) throw Object.assign(new Error("no"), { code: "ECONNREFUSED" });
      return echo();
    });
    const socket = await gate.connect("198.18.0.2", 443);
    socket.write("hello");
    expect(String((await once(socket, "data"))[0])).toBe("hello");
    socket.destroy();
    refused = true;
    await expect(gate.connect("198.18.0.2", 443)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    gate.close();
    await served;
  });

  test("the end of the harness lifts all that lasts", async () => {
    const lasting = createLasting();
    const { gate, served, ends } = converse({ hold: lasting.operation });
    await Promise.all([gate.hold("hold", 1, () => {}), gate.hold("hold", 2, () => {})]);
    expect(lasting.count()).toBe(2);
    ends.harness();
    await Promise.all([served, gate.closed]);
    expect(lasting.count()).toBe(0);
    await expect(gate.ask("hold", 3)).rejects.toThrow("the gate is gone");
  });
});

/** What happens one after the other, and who dies after how many turns of the event loop. */
const story = record({
  deeds: array(constantFrom("ask", "hold", "lift", "connect", "slow"), { minLength: 1, maxLength: 8 }),
  turns: nat({ max: 12 }),
  dies: constantFrom("harness", "gate", "both"),
});

test("either end may die at any moment: nothing hangs, nothing crashes, and all that lasted is lifted", async () => {
  await assert(
    asyncProperty(story, async ({ deeds, turns, dies }) => {
      const lasting = createLasting(3);
      const { gate, served, ends } = converse({
        ask: async (input) => ({ value: input }),
        hold: lasting.operation,
        // Until nobody waits any more.
        slow: async (_input, { signal }) => {
          if (!signal.aborted) await once(signal, "abort");
          return {};
        },
      });
      const done = deeds.map(async (deed) => {
        if (deed === "ask" || deed === "slow") return gate.ask(deed, 1);
        if (deed === "connect") return (await gate.connect("198.18.0.2", 1)).resume().write("hello");
        const held = await gate.hold("hold", 1, () => {});
        return deed === "lift" ? held[Symbol.asyncDispose]() : undefined;
      });
      const settled = Promise.allSettled(done);
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      if (dies !== "gate") ends.harness();
      if (dies !== "harness") ends.gate();
      await Promise.all([served, gate.closed]);
      const complaints = (await settled).flatMap((each) => (each.status === "rejected" ? [String(each.reason)] : []));
      expect(complaints.filter((each) => !each.includes("the gate is gone"))).toEqual([]);
      expect(lasting.count()).toBe(0);
    }),
    { numRuns: 300 },
  );
});
