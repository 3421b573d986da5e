/** The whole relay in a simulated world: whatever is sent, and whichever faults come and go. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { stream } from "../../faults/random.ts";
import { faults } from "../../faults/registry.ts";
import type { UdpFault } from "../../faults/udp/contract.ts";
import { createTestWorld, serverAddress } from "../../host/sim/pair.testing.ts";
import { StandstillError } from "../../host/sim/time.ts";
import { direction, duration, of, probability, rateBetween, sizeUpTo, type Injecting } from "../arbitraries.testing.ts";
import { startUdpRelay, type RelayEvent } from "./relay.ts";

const size = sizeUpTo(60);
const rate = rateBetween(10, 20_000);
const late = fc.oneof(
  of("udp.latency", fc.record({ delay: duration, jitter: duration })),
  of("udp.reorder", fc.record({ probability, delay: duration })),
);
const any = fc.oneof(
  late,
  of("udp.loss", fc.record({ probability })),
  of("udp.duplicate", fc.record({ probability })),
  of("udp.corrupt", fc.record({ probability })),
  of("udp.truncate", fc.record({ probability, size })),
  of("udp.rate", fc.record({ rate })),
  of("udp.blackhole"),
);

const which = fc.nat(2);
const stepsWith = (injecting: fc.Arbitrary<Injecting>) =>
  fc.array(
    fc.oneof(
      fc.record({ step: fc.constant("send" as const), which }),
      fc.record({ step: fc.constant("wait" as const), ms: fc.nat(3000) }),
      fc.record({ step: fc.constant("lift" as const), which }),
      fc.record({
        step: fc.constant("inject" as const),
        injecting,
        direction,
      }),
    ),
    { maxLength: 30 },
  );
type Steps = ReturnType<typeof stepsWith> extends fc.Arbitrary<infer All> ? All : never;

/** Three clients send numbered datagrams, and an echo answers; in the end all faults are lifted. */
async function play(steps: Steps) {
  const world = createTestWorld();
  const [own, server, client] = [
    world.open(world.machine("relay", "198.18.0.9")),
    world.open(world.server),
    world.open(world.client),
  ];
  const [asked, heard, events]: [string[], string[][], RelayEvent[]] = [[], [[], [], []], []];
  const sent: string[][] = [[], [], []];
  await world.time.pass(async () => {
    const echo = await server.network.bind({ port: 7 }, (bytes, from) => {
      asked.push(String(bytes));
      echo.send(bytes, from);
    });
    const relay = await startUdpRelay({
      host: own,
      listen: { port: 8 },
      server: async () => ({ host: serverAddress, port: 7 }),
      onEvent: (event) => void events.push(event),
    });
    const clients = await Promise.all(
      heard.map((answers) => client.network.bind({ port: 0 }, (bytes) => void answers.push(String(bytes)))),
    );
    const lifts: AsyncDisposable[] = [];
    for (const each of steps) {
      switch (each.step) {
        case "send": {
          const word = `client ${each.which} says ${sent[each.which]?.length}`;
          sent[each.which]?.push(word);
          clients[each.which]?.send(Buffer.from(word), { host: "198.18.0.9", port: 8 });
          break;
        }
        case "wait":
          await client.clock.sleep(each.ms);
          break;
        case "lift":
          await lifts.splice(each.which, 1)[0]?.[Symbol.asyncDispose]();
          break;
        case "inject": {
          const [kind, parameters] = each.injecting;
          const fault = faults.get(kind) as UdpFault;
          const draw = stream(1, [kind, lifts.length]);
          const { direction } = each;
          lifts.push(
            relay.inject({ fault, parameters: fault.parameters.parse(parameters), draw, onHit: () => {}, direction }),
          );
        }
      }
    }
    // What was sent last is there, too, before all is lifted.
    await client.clock.sleep(1);
    for (const lift of lifts) await lift[Symbol.asyncDispose]();
    await client.clock.sleep(1000);
    await relay[Symbol.asyncDispose]();
    for (const socket of [...clients, echo]) await socket[Symbol.asyncDispose]();
  });
  const over = world.time.now();
  await expect(world.time.pass(() => new Promise(() => {}))).rejects.toThrow(StandstillError);
  expect(world.time.now() - over).toBeLessThan(1);
  const opens = events.filter(({ type }) => type === "open").length;
  expect(events.filter(({ type }) => type === "close").length).toBe(opens);
  return { sent, asked, heard, events };
}

test("what is only late arrives, once each, and nothing is left behind", async () => {
  await fc.assert(
    fc.asyncProperty(stepsWith(late), async (steps) => {
      const { sent, asked, heard, events } = await play(steps);
      expect(heard.map((answers) => answers.toSorted())).toEqual(sent.map((words) => words.toSorted()));
      expect(asked.toSorted()).toEqual(sent.flat().toSorted());
      expect(events.filter(({ type }) => type === "lost")).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

test("whichever faults come and go, nobody hears another's answer, and nothing is left behind", async () => {
  await fc.assert(
    fc.asyncProperty(stepsWith(any), async (steps) => {
      const { sent, heard } = await play(steps);
      const kinds = new Set(steps.flatMap((each) => (each.step === "inject" ? [each.injecting[0]] : [])));
      if (kinds.has("udp.corrupt") || kinds.has("udp.truncate")) return;
      for (const [n, answers] of heard.entries()) {
        expect(answers.every((answer) => sent[n]?.includes(answer))).toBe(true);
        expect(kinds.has("udp.duplicate") || new Set(answers).size === answers.length).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});
