/** What no test can make the real host do at will: machines that are not there, processes that stand still, time to the tenth of a millisecond. */
import { once } from "node:events";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../night.testing.ts";
import type { Host, Main, Socket } from "../host.ts";
import { clientAddress, createTestWorld, serverAddress, type TestWorld } from "./pair.testing.ts";

const there = { host: serverAddress, port: 80 };
const forever = new Promise<never>(() => {});

/** A program that serves until it is ended. */
function serving(onConnection: (socket: Socket, host: Host) => void): Main {
  return async (host) => {
    await host.network.listen({ port: 80, halfOpen: true }, (socket) => onConnection(socket, host));
    return forever;
  };
}

function inWorld(work: (world: TestWorld) => Promise<void>): () => Promise<void> {
  return () => {
    const world = createTestWorld();
    return world.time.pass(() => work(world));
  };
}

function quiet(socket: Socket): Socket {
  return socket.on("error", () => {});
}

async function readAll(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe("a connect", () => {
  test(
    "takes a round trip, whether it is taken or refused",
    inWorld(async ({ time, server, client, open }) => {
      const { clock, network } = open(client);
      const listener = await open(server).network.listen({ port: 80 }, () => {});
      await network.connect(there);
      expect(time.now()).toBeCloseTo(0.2, 2);
      await clock.sleep(1);
      await listener[Symbol.asyncDispose]();
      await expect(network.connect(there)).rejects.toMatchObject({ code: "ECONNREFUSED" });
      expect(time.now()).toBeCloseTo(1.4, 2);
    }),
  );

  test(
    "to an address that nobody has is unanswered, and given up after 127 s",
    inWorld(async ({ time, client, open, logged }) => {
      const failed = open(client).network.connect({ host: "198.18.0.99", port: 80 });
      await expect(failed).rejects.toMatchObject({
        message: "connect ETIMEDOUT 198.18.0.99:80",
        code: "ETIMEDOUT",
        syscall: "connect",
      });
      expect(time.now()).toBeCloseTo(127_000, 2);
      const fields = { host: "198.18.0.99", port: 80, address: "198.18.0.99:80" };
      expect(logged).toEqual([{ event: "network.unanswered", fields }]);
    }),
  );

  test(
    "is repeated, and finds a machine that came later",
    inWorld(async ({ time, client, machine, open }) => {
      const { clock, network } = open(client);
      const connecting = network.connect({ host: "198.18.0.99", port: 80 });
      await clock.sleep(2000);
      await open(machine("late", "198.18.0.99")).network.listen({ port: 80 }, () => {});
      await connecting;
      expect(time.now()).toBeCloseTo(3000.2, 2);
    }),
  );

  test(
    "that is given up while it is unanswered, or under way, leaves nothing behind",
    inWorld(async ({ time, server, client, open }) => {
      const { clock, network } = open(client);
      const reason = new Error("enough");
      const heard: Socket[] = [];
      await open(server).network.listen({ port: 80 }, (socket) => heard.push(socket));
      for (const [host, afterMs] of [
        ["198.18.0.99", 10_000],
        [serverAddress, 0.05],
        [serverAddress, 0.15],
      ] as const) {
        const controller = new AbortController();
        time.at(time.now() + afterMs, () => controller.abort(reason));
        await expect(network.connect({ host, port: 80 }, controller)).rejects.toBe(reason);
      }
      await clock.sleep(1000);
      expect(heard).toEqual([]);
    }),
  );
});

describe("a process that stands still", () => {
  test(
    "has a kernel that accepts for it, and takes what its buffers hold",
    inWorld(async ({ server, client, open, start }) => {
      const received: number[] = [];
      const program = start(
        server,
        serving((socket) => socket.on("data", (chunk: Buffer) => received.push(chunk.length))),
      );
      const { clock, network } = open(client);
      await clock.sleep(1);
      program.signal("STOP");
      const socket = quiet(await network.connect(there));
      let taken = 0;
      for (let piece = 0; piece < 20; piece += 1) socket.write(Buffer.alloc(64 * 1024), () => (taken += 64));
      await clock.sleep(60_000);
      // A window of 256 KiB there, and as much here.
      expect({ taken, received }).toEqual({ taken: 512, received: [] });
      program.signal("CONT");
      await clock.sleep(10);
      expect(taken).toBe(20 * 64);
      expect(received.reduce((sum, length) => sum + length, 0)).toBe(20 * 64 * 1024);
    }),
  );

  test(
    "leaves connects unanswered when its backlog is full, until it goes on",
    inWorld(async ({ server, client, open, start, time }) => {
      let accepted = 0;
      const program = start(
        server,
        serving(() => (accepted += 1)),
      );
      const { clock, network } = open(client);
      await clock.sleep(1);
      program.signal("STOP");
      let connected = 0;
      for (let count = 0; count < 600; count += 1) void network.connect(there).then(() => (connected += 1));
      await clock.sleep(900);
      expect({ connected, accepted }).toEqual({ connected: 512, accepted: 0 });
      program.signal("CONT");
      await clock.sleep(1100);
      expect({ connected, accepted }).toEqual({ connected: 600, accepted: 600 });
      expect(time.now()).toBeLessThan(2100);
    }),
  );

  test(
    "hears of all that came in the order of its coming, and each in a turn of its own",
    inWorld(async ({ server, client, open, start }) => {
      const heard: string[] = [];
      const program = start(
        server,
        serving((socket) => {
          quiet(socket).on("data", (chunk: Buffer) => {
            queueMicrotask(() => socket.on("error", ({ message }) => heard.push(`${String(chunk)}: ${message}`)));
          });
        }),
      );
      const { clock, network } = open(client);
      await clock.sleep(1);
      program.signal("STOP");
      for (const word of ["one", "two", "three"]) {
        const socket = await network.connect(there);
        socket.write(word);
        socket.resetAndDestroy();
      }
      await clock.sleep(1);
      program.signal("CONT");
      await clock.sleep(1);
      expect(heard).toEqual(["one: read ECONNRESET", "two: read ECONNRESET", "three: read ECONNRESET"]);
    }),
  );
});

describe("a process that has ended", () => {
  test(
    "is refused at its door, and its connections end as closed ones do",
    inWorld(async ({ server, client, open, start }) => {
      const main = serving((socket) => {
        quiet(socket).write("hello");
        socket.once("data", () => socket.pause());
      });
      const { clock, network } = open(client);
      for (const [unread, expected] of [
        [Buffer.alloc(0), ["hello", "end"]],
        [Buffer.alloc(1_000_000), ["hello", "read ECONNRESET"]],
      ] as const) {
        const program = start(server, main);
        await clock.sleep(1);
        const socket = await network.connect(there);
        const seen: string[] = [];
        socket.on("data", (chunk: Buffer) => seen.push(String(chunk)));
        socket.on("end", () => seen.push("end"));
        socket.on("error", ({ message }) => seen.push(message));
        if (unread.length > 0) socket.write(unread);
        await clock.sleep(5);
        program.signal("KILL");
        expect(await program.exited).toEqual({ code: undefined, signal: "KILL" });
        await expect(network.connect(there)).rejects.toMatchObject({ code: "ECONNREFUSED" });
        expect(seen).toEqual(expected);
        socket.destroy();
      }
    }),
  );

  test(
    "while connections wait for it, has reset them",
    inWorld(async ({ server, client, open, start }) => {
      const program = start(
        server,
        serving(() => {}),
      );
      const { clock, network } = open(client);
      await clock.sleep(1);
      program.signal("STOP");
      const socket = await network.connect(there);
      const error = once(socket, "error");
      program.signal("KILL");
      expect(await error).toEqual([expect.objectContaining({ code: "ECONNRESET" })]);
    }),
  );

  test(
    "by an error in a callback of a socket's, has crashed alone",
    inWorld(async ({ server, client, open, start }) => {
      const program = start(
        server,
        serving((socket) =>
          socket.on("data", () => {
            throw new Error("a bug");
          }),
        ),
      );
      const { clock, network } = open(client);
      await clock.sleep(1);
      const socket = quiet(await network.connect(there));
      socket.write("hello");
      expect(await program.exited).toEqual({ code: 1, signal: undefined });
      expect(await readAll(socket)).toBe("");
    }),
  );

  test(
    "has sent what its kernel had taken",
    inWorld(async ({ server, client, open, start }) => {
      const program = start(
        server,
        serving((socket) => socket.write(Buffer.alloc(400_000))),
      );
      const { clock, network } = open(client);
      await clock.sleep(1);
      const socket = (await network.connect(there)).pause();
      await clock.sleep(1);
      program.signal("KILL");
      await clock.sleep(1000);
      expect((await readAll(socket)).length).toBe(400_000);
    }),
  );
});

describe("a process without descriptors left", () => {
  test(
    "can neither connect nor listen, and what it can't accept is closed",
    inWorld(async ({ server, client, open, start }) => {
      const accepted: Socket[] = [];
      start(
        server,
        serving((socket) => accepted.push(quiet(socket))),
      );
      const { clock, network } = open(client);
      await clock.sleep(1);
      server.limits.openFiles = 22;
      const first = await network.connect(there);
      const second = await network.connect(there);
      expect(await readAll(second)).toBe("");
      first.destroy();
      await readAll(accepted[0] as Socket);
      accepted[0]?.destroy();
      await network.connect(there);
      await clock.sleep(1);
      expect(accepted).toHaveLength(2);
      client.limits.openFiles = 21;
      await expect(network.connect(there)).rejects.toMatchObject({ code: "EMFILE", syscall: "connect" });
      await expect(network.listen({ port: 0 }, () => {})).rejects.toMatchObject({ code: "EMFILE", syscall: "listen" });
    }),
  );
});

test("whatever is written in whatever pieces, read with whatever pauses, arrives once and in order", async () => {
  const script = fc.array(
    fc.record({ length: fc.integer({ min: 0, max: 300_000 }), afterMs: fc.constantFrom(0, 0.05, 1) }),
    { maxLength: 12 },
  );
  const pauses = fc.array(fc.constantFrom(0, 0.1, 5), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(script, pauses, fc.boolean(), async (pieces, waits, tls) => {
      const { time, server, client, open, start } = createTestWorld();
      await time.pass(async () => {
        const received: Buffer[] = [];
        const ended = Promise.withResolvers<void>();
        start(server, async (host) => {
          await host.network.listen({ port: 80, tls }, (socket) => {
            let reads = 0;
            socket.on("end", () => ended.resolve());
            socket.on("data", (chunk: Buffer) => {
              received.push(chunk);
              socket.pause();
              host.clock.timer(waits[reads++ % waits.length] ?? 0, () => socket.resume());
            });
          });
          return forever;
        });
        const { clock, network } = open(client);
        await clock.sleep(1);
        const socket = await network.connect({ ...there, tls });
        const sent: Buffer[] = [];
        for (const [index, { length, afterMs }] of pieces.entries()) {
          const bytes = Buffer.alloc(length, `${index}.`);
          sent.push(bytes);
          socket.write(bytes);
          await clock.sleep(afterMs);
        }
        socket.end();
        await ended.promise;
        expect(Buffer.concat(received).equals(Buffer.concat(sent))).toBe(true);
      });
    }),
    runs(50),
  );
});

/** Many clients talk, are cut, and come again; everything that anybody hears, and when. */
async function talk(): Promise<readonly string[]> {
  const { time, server, client, open, start } = createTestWorld();
  const heard: string[] = [];
  const say = (who: string, what: string): void => void heard.push(`${time.now()} ${who} ${what}`);
  await time.pass(async () => {
    let connections = 0;
    start(
      server,
      serving((socket, host) => {
        const who = `server ${connections++} (${socket.remoteAddress}:${socket.remotePort})`;
        for (const event of ["end", "close", "error"]) socket.on(event, (detail) => say(who, `${event} ${detail}`));
        socket.once("end", () => socket.end());
        socket.on("data", (chunk: Buffer) => {
          say(who, `data ${chunk.length}`);
          if (host.random.number() < 0.1) socket.resetAndDestroy();
          else if (host.random.number() < 0.2) socket.end(chunk);
          else socket.write(chunk);
        });
      }),
    );
    const host = open(client);
    await host.clock.sleep(1);
    await Promise.all(
      Array.from({ length: 40 }, async (_, number) => {
        for (let round = 0; round < 5; round += 1) {
          const socket = await host.network.connect(there);
          const who = `client ${number}.${round}`;
          const closed = new Promise((resolve) => void socket.once("close", resolve));
          for (const event of ["end", "close", "error"]) socket.on(event, (detail) => say(who, `${event} ${detail}`));
          socket.on("data", (chunk: Buffer) => say(who, `data ${chunk.length}`));
          for (let count = 0; count < 4 && socket.writable; count += 1) {
            socket.write(Buffer.alloc(Math.ceil(host.random.number() * 100_000)));
            await host.clock.sleep(host.random.number() * 2);
          }
          socket.end();
          await closed;
        }
      }),
    );
  });
  return heard;
}

test("the same script gives the same talk, to the last event and its time", async () => {
  const first = await talk();
  expect(first.length).toBeGreaterThan(1000);
  expect(first[0]).toContain(clientAddress);
  expect(await talk()).toEqual(first);
});
