import { encode, type Answer } from "dns-packet";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Address } from "./host.ts";
import { serverAddress, startSimulatedPair, type SimulatedPair } from "./sim/pair.testing.ts";
import { encodeQuestion, readReply } from "./question.ts";

interface Asked {
  readonly server: number;
  readonly secondsLater: number;
  readonly bytes: Uint8Array;
  readonly from: Address;
}

interface SilentServers {
  readonly addresses: readonly Address[];
  readonly asked: readonly Asked[];
  /** Answers a question that was heard: at last. */
  answer(asked: Asked | undefined): void;
}

/** They hear all, and say nothing by themselves. */
async function startServers(pair: SimulatedPair, count: number): Promise<SilentServers> {
  const asked: Asked[] = [];
  const began = pair.time.now();
  const sockets = await Promise.all(
    Array.from({ length: count }, (_, server) =>
      pair.server.network.bind({ port: 53 + server }, (bytes, from) => {
        asked.push({ server, secondsLater: Math.round((pair.time.now() - began) / 1000), bytes, from });
      }),
    ),
  );
  return {
    addresses: sockets.map(({ address: { port } }) => ({ host: serverAddress, port })),
    asked,
    answer(one) {
      if (one === undefined) return;
      const { server, bytes, from } = one;
      const id = Buffer.from(bytes).readUInt16BE();
      sockets[server]?.send(
        encode({
          type: "response",
          id,
          questions: [{ type: "A", name: "plc.test" }],
          answers: [{ type: "A", name: "plc.test", ttl: 1, data: "198.18.0.9" }],
        }),
        from,
      );
    },
  };
}

/** Of two questions that a host asks at once. */
async function drawIds(): Promise<readonly number[]> {
  await using pair = await startSimulatedPair();
  const servers = await startServers(pair, 1);
  const { network } = pair.asking(...servers.addresses);
  const controller = new AbortController();
  const both = [1, 2].map((port) => network.resolve({ host: "plc.test", port }, controller));
  const ended = Promise.allSettled(both);
  await pair.client.clock.sleep(1);
  controller.abort();
  await ended;
  return servers.asked.map(({ bytes }) => Buffer.from(bytes).readUInt16BE());
}

test.each([
  { servers: 1, asked: ["0 at 0 s", "0 at 5 s"], seconds: 10 },
  { servers: 2, asked: ["0 at 0 s", "1 at 5 s", "0 at 10 s", "1 at 15 s"], seconds: 20 },
  { servers: 3, asked: ["0 at 0 s", "1 at 5 s", "2 at 8 s", "0 at 14 s", "1 at 19 s", "2 at 22 s"], seconds: 28 },
])("$servers silent servers are asked twice, and given up after $seconds s", async ({ servers, asked, seconds }) => {
  await using pair = await startSimulatedPair();
  const silent = await startServers(pair, servers);
  const began = pair.time.now();
  const asking = pair.asking(...silent.addresses).network.resolve({ host: "plc.test", port: 1 });
  await expect(asking).rejects.toMatchObject({ code: "ETIMEOUT", message: "queryA ETIMEOUT plc.test" });
  expect(silent.asked.map(({ server, secondsLater }) => `${server} at ${secondsLater} s`)).toEqual(asked);
  expect((pair.time.now() - began) / 1000).toBeCloseTo(seconds, 1);
});

test("an answer that comes while another server is waited for is heard when its own server's turn has come again", async () => {
  await using pair = await startSimulatedPair();
  const servers = await startServers(pair, 2);
  let over = false;
  const asking = pair.asking(...servers.addresses).network.resolve({ host: "plc.test", port: 1 });
  const done = asking.finally(() => (over = true));
  await pair.client.clock.sleep(7000);
  servers.answer(servers.asked[0]);
  await pair.client.clock.sleep(2000);
  expect(over).toBe(false);
  const began = pair.time.now();
  expect(await done).toEqual([{ host: "198.18.0.9", port: 1 }]);
  expect((pair.time.now() - began) / 1000).toBeCloseTo(1, 1);
});

test("an answer of somebody else is none", async () => {
  await using pair = await startSimulatedPair();
  const servers = await startServers(pair, 2);
  const asking = pair.asking(...servers.addresses.slice(0, 1)).network.resolve({ host: "plc.test", port: 1 });
  const failed = asking.catch((error: unknown) => error);
  await pair.client.clock.sleep(1000);
  const [question] = servers.asked;
  if (question !== undefined) servers.answer({ ...question, server: 1 });
  expect(await failed).toMatchObject({ code: "ETIMEOUT" });
});

test("the ids of two hosts with the same seed are the same, and those of two questions are not", async () => {
  const [first, second] = [await drawIds(), await drawIds()];
  expect(first).toEqual(second);
  expect(new Set(first).size).toBe(2);
});

test("whatever comes, reading it ends", () => {
  const question = { id: 7, name: "plc.test" };
  const answers: Answer[] = [
    { type: "CNAME", name: "plc.test", data: "a.plc.test" },
    { type: "A", name: "a.plc.test", data: "192.0.2.1" },
    { type: "TXT", name: "a.plc.test", data: ["some", "text"] },
    { type: "NSEC", name: "plc.test", data: { nextDomain: "z.test", rrtypes: ["A", "RRSIG", "NSEC"] } },
  ];
  const real = [
    Buffer.from(encodeQuestion(question)),
    encode({ type: "response", id: 7, questions: [{ type: "A", name: "plc.test" }], answers }),
  ];
  const changed = fc
    .tuple(fc.constantFrom(...real), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 8 }), fc.nat(300))
    .map(([bytes, changes, cut]) => {
      const copy = Buffer.from(bytes.subarray(0, Math.max(1, cut)));
      for (const [at, byte] of changes) copy[at % copy.length] = byte;
      return copy;
    });
  /** A true question, and one record of some type whose data and length mean nothing. */
  const record = fc
    .tuple(
      fc.constantFrom(1, 2, 5, 6, 15, 16, 28, 33, 35, 41, 43, 46, 47, 48, 50, 64, 257, 65280),
      fc.uint8Array({ maxLength: 80 }),
      fc.nat(100),
    )
    .map(([type, data, length]) => {
      const head = Buffer.from(encodeQuestion(question));
      head.writeUInt16BE(1, 6);
      return Buffer.concat([head, Buffer.of(0xc0, 12, type >> 8, type & 255, 0, 1, 0, 0, 0, 0, 0, length), data]);
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), changed, record), (bytes) => {
      expect(["addresses", "refusal", "truncated", "malformed", "foreign"]).toContain(readReply(bytes, question).kind);
    }),
    { numRuns: 3000 },
  );
});
