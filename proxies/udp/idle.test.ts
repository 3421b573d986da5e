import { expect, test } from "vitest";
import type { Host } from "../../host/host.ts";
import { clientAddress, createTestWorld, serverAddress } from "../../host/sim/pair.testing.ts";
import { startUdpRelay, type RelayEvent } from "./relay.ts";

/** Beside a server on port 7, on port 8. */
async function relayFor200Seconds(host: Host, events: RelayEvent[]): Promise<number> {
  await using relay = await startUdpRelay({
    host,
    listen: { port: 8 },
    server: async () => ({ host: serverAddress, port: 7 }),
    onEvent: (event) => void events.push(event),
  });
  expect(relay.address.port).toBe(8);
  await host.clock.sleep(200_000);
  return 0;
}

test("an answer that comes when its flow is over is lost, and told of, for as long again", async () => {
  const world = createTestWorld();
  const events: RelayEvent[] = [];
  const started = world.start(world.server, async (host) => {
    await using slow = await host.network.bind({ port: 7 }, (bytes, from) => {
      for (const seconds of [70, 110, 130]) host.clock.timer(seconds * 1000, () => slow.send(bytes, from));
    });
    return await relayFor200Seconds(host, events);
  });
  world.start(world.client, async (host) => {
    await using socket = await host.network.bind({ port: 0, host: clientAddress }, () => {});
    await host.clock.sleep(1);
    socket.send(Buffer.from("hello"), { host: serverAddress, port: 8 });
    await host.clock.sleep(150_000);
    return 0;
  });
  await world.time.pass(() => started.exited);
  const lost = { type: "lost", connection: 1, direction: "downstream", why: "idle" };
  expect(events).toEqual([
    { type: "open", connection: 1 },
    { type: "close", connection: 1, upstream: 5, downstream: 0, by: "idle" },
    lost,
    lost,
  ]);
});

test("a flow ends when nothing has passed for a minute, and the next datagram begins another", async () => {
  const world = createTestWorld();
  const events: RelayEvent[] = [];
  const started = world.start(world.server, async (host) => {
    await using echo = await host.network.bind({ port: 7 }, (bytes, from) => echo.send(bytes, from));
    return await relayFor200Seconds(host, events);
  });
  world.start(world.client, async (host) => {
    await using socket = await host.network.bind({ port: 0, host: clientAddress }, () => {});
    for (const pause of [59_000, 61_000, 0]) {
      await host.clock.sleep(1);
      socket.send(Buffer.from("hello"), { host: serverAddress, port: 8 });
      await host.clock.sleep(pause);
    }
    await host.clock.sleep(1000);
    return 0;
  });
  await world.time.pass(() => started.exited);
  expect(events).toEqual([
    { type: "open", connection: 1 },
    { type: "close", connection: 1, upstream: 10, downstream: 10, by: "idle" },
    { type: "open", connection: 2 },
    { type: "close", connection: 2, upstream: 5, downstream: 5, by: "idle" },
  ]);
});
