/** Connections that nobody asked for, to a real server and to a simulated one. */
import { once } from "node:events";
import type { Socket as RealSocket } from "node:net";
import { expect, test } from "vitest";
import { stream } from "../../faults/random.ts";
import { intruder } from "../../faults/tcp/intruder.ts";
import { createTestWorld, serverAddress } from "../../host/sim/pair.testing.ts";
import { startTcpProxy } from "./proxy.ts";
import { errorOf, host, injection, readAll, startProxied } from "./proxy.testing.ts";

test("garbage comes to the server beside the client, whose connections stay as they are", async () => {
  const { proxy, connect, accept, events } = await startProxied();
  const visiting = injection("tcp.intruder", { what: "garbage", times: 3, gap: "1ms", bytes: "100B" });
  const lift = proxy.inject(visiting);
  const garbage: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    const server = await accept();
    garbage.push(await readAll(server));
    server.end();
  }
  expect(new Set(garbage).size).toBe(3);
  expect(visiting.hits).toEqual([{ visit: 1 }, { visit: 2 }, { visit: 3 }]);
  expect(events).toEqual([]);
  (await connect()).end("hello");
  expect(await readAll(await accept())).toBe("hello");
  await lift[Symbol.asyncDispose]();
});

test("half-open connections stay, as many as there may be, and go when the fault is lifted", async () => {
  const { proxy, accept } = await startProxied();
  const visiting = injection("tcp.intruder", { what: "half-open", gap: "1ms", most: 2 });
  const lift = proxy.inject(visiting);
  const servers = [await accept(), await accept()];
  await host.clock.sleep(20);
  expect(visiting.hits).toHaveLength(2);
  const [first, second] = servers as [RealSocket, RealSocket];
  first.destroy();
  const third = await accept();
  await lift[Symbol.asyncDispose]();
  expect([await readAll(second), await readAll(third)]).toEqual(["", ""]);
});

test("a scan is gone at once, and a server that refuses was not visited", async () => {
  const { proxy, accept } = await startProxied();
  const visiting = injection("tcp.intruder", { what: "scan", gap: "1ms", times: 8 });
  proxy.inject(visiting);
  const ends: string[] = [];
  for (let n = 0; n < 8; n += 1) {
    const server = await accept();
    server.on("end", () => void server.end());
    ends.push(await errorOf(server));
  }
  expect(new Set(ends)).toEqual(new Set(["ECONNRESET", "no error"]));

  const refused = Promise.withResolvers<void>();
  let asked = 0;
  const nowhere = await startProxied({
    async server() {
      asked += 1;
      if (asked === 3) refused.resolve();
      throw new Error("not there");
    },
  });
  const waiting = injection("tcp.intruder", { what: "scan", gap: "1ms" });
  const lift = nowhere.proxy.inject(waiting);
  await refused.promise;
  await lift[Symbol.asyncDispose]();
  expect(waiting.hits).toEqual([]);
});

test("a slow loris drips for hours, and a server that has enough of it sends it away", async () => {
  const world = createTestWorld();
  const lines: number[] = [];
  const started = world.start(world.server, async (own) => {
    await using server = await own.network.listen({ port: 80 }, (socket) => {
      let heard = 0;
      socket.on("data", () => {
        heard += 1;
        if (heard === 4) socket.destroy();
      });
      socket.on("close", () => lines.push(heard));
    });
    await using proxy = await startTcpProxy({
      host: own,
      listen: { port: 8 },
      server: async () => ({ host: serverAddress, port: server.address.port }),
      onEvent: () => {},
    });
    const lift = proxy.inject({
      fault: intruder,
      parameters: intruder.parameters.parse({ what: "slow-loris", pace: "1h", gap: "1m", most: 1 }),
      draw: stream(1, []),
      onHit: () => {},
    });
    await own.clock.sleep(10 * 3_600_000);
    await lift[Symbol.asyncDispose]();
    return 0;
  });
  await world.time.pass(() => started.exited);
  // Three hours each, and an hour's rest until the next word that nobody hears.
  expect(lines.slice(0, 2)).toEqual([4, 4]);
});

test("disposing waits until all are gone", async () => {
  const { proxy, accept } = await startProxied();
  proxy.inject(injection("tcp.intruder", { what: "half-open", gap: "1ms", times: 1 }));
  const server = await accept();
  const gone = once(server.resume(), "close");
  server.on("end", () => void server.end());
  await proxy[Symbol.asyncDispose]();
  await gone;
  expect(server.bytesRead).toBe(0);
});
