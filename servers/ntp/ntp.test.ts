import { describe, expect, test } from "vitest";
import { serverAddress, clientAddress, createTestWorld } from "../../host/sim/pair.testing.ts";
import type { Host, Main } from "../../host/host.ts";
import { createRealHost } from "../../host/real.ts";
import { referenceIdOf } from "../../faults/ntp/packet.ts";
import { unixTimeOf } from "../../faults/ntp/timestamp.ts";
import { chronyd, openClient, requestWith } from "../../proxies/ntp/ntp.testing.ts";
import { decode, encode, type NtpPacket } from "../../proxies/ntp/wire/packet.ts";
import { createFineClock } from "../../host/fine-clock.ts";
import { main } from "./main.ts";

/** The program on a real host, where any port will do. */
async function startServer(...args: readonly string[]) {
  const bound = Promise.withResolvers<number>();
  const ended = Promise.withResolvers<void>();
  const real = createRealHost({ name: "ntp", directory: "/", seed: 1, log: () => {} });
  const host: Host = {
    ...real,
    signals: {
      on: (_signal, handler) => {
        void ended.promise.then(handler);
        return { [Symbol.dispose]() {} };
      },
    },
    network: {
      ...real.network,
      async bind(options, onDatagram) {
        const socket = await real.network.bind({ ...options, host: "127.0.0.1" }, onDatagram);
        bound.resolve(socket.address.port);
        return socket;
      },
    },
  };
  const exited = main(host, ["--listen", "0", ...args]);
  return {
    port: await bound.promise,
    async [Symbol.asyncDispose]() {
      ended.resolve();
      expect(await exited).toBe(0);
    },
  };
}

describe("on a real host", () => {
  test("it tells the time, as chrony finds, and what it was told of itself", async () => {
    await using server = await startServer("--stratum", "3", "--reference-id", "GPS", "--root-dispersion", "5ms");
    expect(Math.abs((await chronyd(server.port)).offset ?? Number.NaN)).toBeLessThan(0.05);
    await using client = await openClient(server.port);
    const { packet } = await client.query();
    expect(packet).toMatchObject({ stratum: 3, leap: 0, mode: 4, precision: -18, referenceId: 0x47_50_53_00 });
    expect(Math.round(packet?.rootDispersionMs ?? 0)).toBe(5);
  });

  test("what is no request gets no answer", async () => {
    await using server = await startServer();
    await using client = await openClient(server.port);
    client.ask({ mode: 4 });
    const { packet, request } = await client.query();
    expect(packet?.origin).toBe(request.transmit);
  });

  test.each([
    ["--stratum", "16"],
    ["--reference-id", "toolong"],
    ["--precision=9"],
    ["--upstream", ":99999"],
    ["--nonsense", "1"],
  ])("refuses %s %s", async (...args) => {
    const said: unknown[] = [];
    const host = createRealHost({ name: "ntp", directory: "/", seed: 1, log: (event) => void said.push(event) });
    expect(await main(host, args)).toBe(2);
    expect(said).toEqual(["arguments.refused"]);
  });
});

describe("on a simulated host", () => {
  test("with an upstream it is as wrong as that is, and one stratum behind; without one it knows no time", async () => {
    const world = createTestWorld();
    const middle = world.machine("middle", "198.18.0.8");
    world.server.clock.step(5000);
    world.start(world.server, (host) => main(host, ["--stratum", "2"]));
    world.start(middle, (host) => main(host, ["--upstream", `${serverAddress}:123`, "--poll", "16s"]));
    const heard: NtpPacket[] = [];
    const ask: Main = async (host) => {
      const socket = await host.network.bind({ port: 0, host: clientAddress }, (bytes) => {
        const decoded = decode(bytes);
        if ("packet" in decoded) heard.push(decoded.packet);
      });
      for (const pause of [0.1, 1000, 16_000]) {
        await host.clock.sleep(pause);
        socket.send(encode(requestWith()), { host: "198.18.0.8", port: 123 });
      }
      await host.clock.sleep(1000);
      return 0;
    };
    const client = world.start(world.client, ask);
    await world.time.pass(() => client.exited);
    const late = heard.filter(({ leap }) => leap === 0);
    expect(late.length).toBeGreaterThan(0);
    for (const packet of late) {
      expect(packet.stratum).toBe(3);
      expect(packet.referenceId).toBe(0xc6_12_00_01);
      expect(unixTimeOf(packet.transmit, 1e12) - 1e12).toBeGreaterThan(5000);
    }
    const early = heard.filter(({ leap }) => leap === 3);
    for (const packet of early) expect(packet.stratum).toBe(16);
    expect(heard).toHaveLength(early.length + late.length);
  });
});

test.each([
  ["whose upstream is the last that is synchronised is not", "15", 3, 16],
  ["of the stratum before that is the last", "14", 0, 15],
])("a server %s", async (_what, upstream, leap, stratum) => {
  const world = createTestWorld();
  const middle = world.machine("middle", "198.18.0.8");
  const above = world.start(world.server, (host) => main(host, ["--stratum", upstream]));
  world.start(middle, (host) => main(host, ["--upstream", `${serverAddress}:123`]));
  const heard: NtpPacket[] = [];
  const ask: Main = async (host) => {
    const socket = await host.network.bind({ port: 0, host: clientAddress }, (bytes) => {
      const decoded = decode(bytes);
      if ("packet" in decoded) heard.push(decoded.packet);
    });
    for (const pause of [20_000, 100_000_000]) {
      await host.clock.sleep(pause);
      socket.send(encode(requestWith()), { host: "198.18.0.8", port: 123 });
      await host.clock.sleep(1000);
      // It knows of nothing newer from then on.
      above.signal("KILL");
    }
    return 0;
  };
  const client = world.start(world.client, ask);
  await world.time.pass(() => client.exited);
  expect(heard.map((packet) => [packet.leap, packet.stratum])).toEqual([
    [leap, stratum],
    [leap, stratum],
  ]);
  // 15 µs a second, for more than a day.
  const [first, second] = heard.map(({ rootDispersionMs }) => rootDispersionMs);
  expect((second ?? 0) - (first ?? 0)).toBeCloseTo(leap === 0 ? 1500 : 0, -1);
});

test.each([
  // At 0, 16, 48, 112, 240 and 496 s: the next one was due already when it was told so.
  ["RATE", "asks half as often, and half as often again", 6],
  ["DENY", "asks no more", 1],
  ["RSTR", "asks no more", 1],
  ["INIT", "asks on", 38],
])("who is told %s by its upstream %s", async (code, _what, times) => {
  const world = createTestWorld();
  const asked: NtpPacket[] = [];
  const refuses: Main = async (host) => {
    const socket = await host.network.bind({ port: 123 }, (bytes, from) => {
      const decoded = decode(bytes);
      if (!("packet" in decoded)) return;
      asked.push(decoded.packet);
      const kiss = { mode: 4, leap: 3, stratum: 0, referenceId: referenceIdOf(code), origin: decoded.packet.transmit };
      socket.send(encode({ ...decoded.packet, ...kiss }), from);
    });
    await host.clock.sleep(600_000);
    return 0;
  };
  const refusing = world.start(world.server, refuses);
  world.start(world.machine("middle", "198.18.0.8"), (host) => main(host, ["--upstream", `${serverAddress}:123`]));
  await world.time.pass(() => refusing.exited);
  expect(asked).toHaveLength(times);
});

test("a clock of whole milliseconds is read more finely, and follows a step at once", () => {
  let time = 0;
  let step = 0;
  const wall = (): number => time + 0.3 + step;
  const clock = {
    wall: () => Math.floor(wall()),
    // Each look takes its time.
    monotonic: () => (time += 0.01) + 77,
  };
  const now = createFineClock(clock as Host["clock"]);
  for (time = 0; time < 50; time += 0.37) expect(Math.abs(now() - wall())).toBeLessThan(0.1);
  step = 40_000;
  expect(Math.abs(now() - wall())).toBeLessThanOrEqual(1);
  step = -40_000;
  expect(Math.abs(now() - wall())).toBeLessThanOrEqual(1);
});
