/** The whole proxy in a simulated world: whatever clients and servers do, and whichever faults come and go. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { stream } from "../../faults/random.ts";
import { faults } from "../../faults/registry.ts";
import type { TcpFault } from "../../faults/tcp/contract.ts";
import type { Socket } from "../../host/host.ts";
import { createTestWorld, serverAddress } from "../../host/sim/pair.testing.ts";
import { StandstillError } from "../../host/sim/time.ts";
import { quiet } from "../../host/talk.testing.ts";
import { direction, duration, of, probability, rateBetween, sizeUpTo, type Injecting } from "../arbitraries.testing.ts";
import { startTcpProxy } from "./proxy.ts";

const size = sizeUpTo(20_000);
const rate = rateBetween(100, 200_000);
/** What arrives later, and whole. */
const harmless = fc.oneof(
  of("tcp.latency", fc.record({ delay: duration, jitter: duration })),
  of("tcp.bandwidth", fc.record({ rate, shared: fc.boolean() })),
  of("tcp.drip", fc.record({ rate })),
  of("tcp.slicer", fc.record({ size, delay: duration })),
  of("tcp.loss", fc.record({ probability, delay: duration })),
  of("tcp.slow-close", fc.record({ delay: duration })),
  of("tcp.slow-connect", fc.record({ delay: duration })),
  of("tcp.stall", fc.record({ after_bytes: size })),
  of("tcp.blackhole"),
);
const any = fc.oneof(
  { arbitrary: harmless, weight: 4 },
  of("tcp.reset", fc.record({ after_bytes: size })),
  of("tcp.truncate", fc.record({ after: size })),
  of("tcp.limit", fc.record({ bytes: size })),
  of("tcp.mute"),
  of("tcp.corrupt", fc.record({ probability })),
  of("tcp.duplicate", fc.record({ at: size, length: size })),
  of("tcp.close-on-accept"),
  of("tcp.connections", fc.record({ most: fc.nat(2), beyond: fc.constantFrom("reset", "close", "hold") })),
  of("tcp.intruder", fc.record({ what: fc.constantFrom("scan", "half-open"), times: fc.constant(5) })),
  of("tcp.refuse"),
  of("tcp.unanswered"),
);

const which = fc.nat(5);
const plainSteps = [
  fc.record({ step: fc.constant("connect" as const) }),
  fc.record({ step: fc.constant("write" as const), which, bytes: fc.integer({ min: 1, max: 30_000 }) }),
  fc.record({ step: fc.constant("end" as const), which }),
  fc.record({ step: fc.constant("wait" as const), ms: fc.nat(3000) }),
  fc.record({ step: fc.constant("lift" as const), which }),
];
const inject = (injecting: fc.Arbitrary<Injecting>) =>
  fc.record({
    step: fc.constant("inject" as const),
    injecting,
    direction,
    scope: fc.constantFrom("new" as const, "all" as const),
  });
const reset = fc.record({ step: fc.constant("reset" as const), which });
type Step = typeof plainSteps extends readonly fc.Arbitrary<infer Each>[]
  ? Each | (typeof reset extends fc.Arbitrary<infer Reset> ? Reset : never) | Inject
  : never;
type Inject = ReturnType<typeof inject> extends fc.Arbitrary<infer Each> ? Each : never;

/** Every client says so much of one and the same text, and so does every server. */
const text = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, n) => (n + Math.floor(n / 251)) % 251));
const answerLength = 40_000;

interface Side {
  readonly socket: Socket;
  readonly heard: () => Buffer;
  ended: boolean;
  sent: number;
}

function listenTo(socket: Socket): Side {
  const chunks: Buffer[] = [];
  const side: Side = { socket: quiet(socket), heard: () => Buffer.concat(chunks), ended: false, sent: 0 };
  socket.on("data", (bytes: Buffer) => chunks.push(bytes)).on("end", () => (side.ended = true));
  return side;
}

/** Plays the steps, lifts all that is left, and ends all connections. */
async function play(steps: readonly Step[]) {
  const world = createTestWorld();
  const [own, serverHost, clientHost] = [
    world.open(world.machine("proxy", "198.18.0.9")),
    world.open(world.server),
    world.open(world.client),
  ];
  const [clients, servers, events]: [Side[], Side[], string[]] = [[], [], []];
  await world.time.pass(async () => {
    const listener = await serverHost.network.listen({ port: 7, halfOpen: true }, (socket) => {
      const side = listenTo(socket);
      servers.push(side);
      socket.write(text.subarray(0, answerLength));
      socket.on("end", () => void socket.end());
    });
    const proxy = await startTcpProxy({
      host: own,
      listen: { port: 8 },
      server: async () => ({ host: serverAddress, port: 7 }),
      onEvent: ({ type }) => void events.push(type),
    });
    const lifts: AsyncDisposable[] = [];
    const dialling: Promise<void>[] = [];
    for (const each of steps) {
      const client = "which" in each ? clients[each.which] : undefined;
      switch (each.step) {
        case "connect":
          dialling.push(
            clientHost.network.connect({ host: "198.18.0.9", port: 8, halfOpen: true }).then(
              (socket) => void clients.push(listenTo(socket)),
              () => {},
            ),
          );
          await clientHost.clock.sleep(1);
          break;
        case "write":
          if (client === undefined || client.socket.writableEnded || client.socket.destroyed) break;
          client.socket.write(text.subarray(client.sent, client.sent + each.bytes));
          client.sent += Math.min(each.bytes, text.length - client.sent);
          break;
        case "end":
          client?.socket.end();
          break;
        case "reset":
          client?.socket.resetAndDestroy();
          break;
        case "wait":
          await clientHost.clock.sleep(each.ms);
          break;
        case "lift":
          await lifts.splice(each.which, 1)[0]?.[Symbol.asyncDispose]();
          break;
        case "inject": {
          const [kind, parameters] = each.injecting;
          const fault = faults.get(kind) as TcpFault;
          const { direction, scope } = each;
          lifts.push(
            proxy.inject({
              fault,
              parameters: fault.parameters.parse(parameters),
              draw: stream(1, [kind, lifts.length]),
              onHit: () => {},
              scope,
              ...(fault.only === undefined && { direction }),
            }),
          );
        }
      }
    }
    for (const lift of lifts) await lift[Symbol.asyncDispose]();
    await Promise.all(dialling);
    // Whatever was held comes now; a moment later nothing is left that somebody would have to wait for.
    await clientHost.clock.sleep(1000);
    for (const { socket } of clients) socket.end();
    await clientHost.clock.sleep(1000);
    expect(events.filter((type) => type === "open").length).toBe(events.filter((type) => type === "close").length);
    await proxy[Symbol.asyncDispose]();
    await listener[Symbol.asyncDispose]();
  });
  const over = world.time.now();
  await expect(world.time.pass(() => new Promise(() => {}))).rejects.toThrow(StandstillError);
  // A client's kernel still has a packet or two under way; a timer of ours would take time.
  expect(world.time.now() - over).toBeLessThan(1);
  return { clients, servers };
}

function lengths(of: readonly number[]): readonly number[] {
  return of.toSorted((one, other) => one - other);
}

function isPrefix(bytes: Buffer): boolean {
  return bytes.equals(text.subarray(0, bytes.length));
}

test("what is only late arrives whole and in order, and nothing is left behind", { timeout: 120_000 }, async () => {
  const steps = fc.array(fc.oneof(...plainSteps, inject(harmless)), { maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(steps, async (played) => {
      const { clients, servers } = await play(played);
      expect(servers.length).toBe(clients.length);
      for (const { heard, ended } of clients) {
        expect([heard().length, isPrefix(heard()), ended]).toEqual([answerLength, true, true]);
      }
      expect(lengths(servers.map(({ heard }) => heard().length))).toEqual(lengths(clients.map(({ sent }) => sent)));
      expect(servers.every(({ heard, ended }) => isPrefix(heard()) && ended)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test(
  "whichever faults come and go, nobody gets what was not said, and nothing is left behind",
  { timeout: 120_000 },
  async () => {
    const steps = fc.array(fc.oneof(...plainSteps, reset, inject(any)), { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(steps, async (played) => {
        const { clients, servers } = await play(played);
        const kinds = new Set(played.flatMap((each) => (each.step === "inject" ? [each.injecting[0]] : [])));
        const changed = ["tcp.mute", "tcp.corrupt", "tcp.duplicate"].some((kind) => kinds.has(kind));
        const longest = Math.max(0, ...clients.map(({ sent }) => sent));
        for (const { heard } of [...clients, ...servers]) expect(changed || isPrefix(heard())).toBe(true);
        for (const { heard } of clients)
          expect(kinds.has("tcp.duplicate") || heard().length <= answerLength).toBe(true);
        for (const { heard } of servers) expect(kinds.has("tcp.duplicate") || heard().length <= longest).toBe(true);
      }),
      { numRuns: 60 },
    );
  },
);
