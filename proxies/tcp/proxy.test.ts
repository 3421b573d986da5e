/** The proxy without faults, and how it ends. */
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import {
  disposeAll,
  errorOf,
  host,
  injection,
  read,
  readAll,
  startProxied,
  startProxyTo,
  startServer,
} from "./proxy.testing.ts";

describe("with no faults", () => {
  test("bytes pass both ways, and the close event counts them", async () => {
    const { connect, accept, closed, events } = await startProxied();
    const client = await connect();
    client.write("ping");
    const server = await accept();
    expect(await read(server, 4)).toBe("ping");
    server.end("pong!");
    expect(await readAll(client)).toBe("pong!");
    client.end();
    expect(await closed()).toEqual({ type: "close", connection: 1, upstream: 4, downstream: 5, by: "server" });
    expect(events.map(({ type }) => type)).toEqual(["open", "close"]);
  });

  test("a client that has sent its FIN still gets the answer", async () => {
    const { connect, accept, closed } = await startProxied();
    const client = await connect();
    client.end("question");
    const server = await accept();
    expect(await readAll(server)).toBe("question");
    server.end("answer");
    expect(await readAll(client)).toBe("answer");
    expect((await closed()).by).toBe("client");
  });

  test("a server that has sent its FIN still gets what the client says", async () => {
    const { connect, accept } = await startProxied();
    const client = await connect();
    const server = await accept();
    server.end("bye");
    expect(await readAll(client)).toBe("bye");
    client.end("but listen");
    expect(await readAll(server)).toBe("but listen");
  });

  test("the client's RST reaches the server", async () => {
    const { connect, accept, closed } = await startProxied();
    const client = await connect();
    const server = await accept();
    client.resetAndDestroy();
    expect(await errorOf(server)).toBe("ECONNRESET");
    expect((await closed()).by).toBe("client-reset");
  });

  test("the server's RST reaches the client", async () => {
    const { connect, accept, closed } = await startProxied();
    const client = await connect();
    const server = await accept();
    server.resetAndDestroy();
    expect(await errorOf(client)).toBe("ECONNRESET");
    expect((await closed()).by).toBe("server-reset");
  });

  test("a server that refuses is an RST to the client", async () => {
    const { port, server } = await startServer();
    server.close();
    await once(server, "close");
    const { dial, closed } = await startProxyTo(port);
    expect(await errorOf(dial())).toBe("ECONNRESET");
    expect(await closed()).toEqual({ type: "close", connection: 1, upstream: 0, downstream: 0, by: "server-refused" });
  });

  test("a reader that does not read pauses the sender: what is held is bounded", async () => {
    const { connect, accept } = await startProxied();
    const client = await connect();
    const server = await accept();
    const chunk = Buffer.alloc(256 * 1024, "x");
    const chunks = 512;
    for (let n = 0; n < chunks; n += 1) client.write(chunk);
    client.end();
    let most = 0;
    let received = 0;
    server.on("data", (part: Buffer) => {
      received += part.length;
      most = Math.max(most, client.bytesWritten - client.writableLength - received);
      server.pause();
      // Five turns of the event loop for each read: the proxy could read five times as much meanwhile.
      let turns = 5;
      const turn = (): void => void (turns-- > 0 ? setImmediate(turn) : server.resume());
      turn();
    });
    await once(server, "end");
    expect(received).toBe(chunks * chunk.length);
    // What is on its way: our MiB, and the kernel's buffers of four sockets. Without a limit it would be most of the 128 MiB.
    expect(most).toBeLessThan(40 * 1024 * 1024);
  });
});

test("a client that leaves ends a dial that gets no answer", async () => {
  const dialled = Promise.withResolvers<void>();
  const {
    proxy,
    connect: dial,
    closed,
  } = await startProxied({
    host: {
      ...host,
      network: {
        ...host.network,
        connect(_address, { signal } = {}) {
          dialled.resolve();
          return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error)));
        },
      },
    },
  });
  const client = await dial();
  await dialled.promise;
  client.resetAndDestroy();
  expect((await closed()).by).toBe("client-reset");
  await proxy[Symbol.asyncDispose]();
});

test("one connection too many is reset, and the next is served again", async () => {
  const { connect: dialled, dial, accept, closed } = await startProxied({ maximumConnections: 1 });
  const first = await dialled();
  const server = await accept();
  expect(await errorOf(dial())).toBe("ECONNRESET");
  expect(await closed(2)).toEqual({ type: "close", connection: 2, upstream: 0, downstream: 0, by: "limit" });
  first.end();
  server.resume();
  server.end();
  first.resume();
  await closed(1);
  (await dialled()).end("third");
  expect(await readAll(await accept())).toBe("third");
});

describe("disposing", () => {
  test("destroys live, held and dialling connections, and no connect comes through afterwards", async () => {
    const { proxy, connect, accept, closed } = await startProxied();
    const live = await connect();
    await accept();
    proxy.inject(injection("tcp.blackhole"));
    const held = await connect();
    held.write("held");
    await proxy[Symbol.asyncDispose]();
    expect((await closed(1)).by).toBe("proxy");
    live.resume();
    held.resume();
    await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("of many connections holds nobody else up: others have a turn in between", async () => {
    const { proxy, connect, accept, events } = await startProxied();
    for (let batch = 0; batch < 12; batch += 1)
      await Promise.all(Array.from({ length: 50 }, async () => [await connect(), await accept()]));
    const closed = (): number => events.filter(({ type }) => type === "close").length;
    const turn = host.clock.sleep(0).then(closed);
    await proxy[Symbol.asyncDispose]();
    expect(await turn).toBeLessThan(600);
    expect(closed()).toBe(600);
  });

  test("a thousand connections leave no handle and no timer behind", async () => {
    const { proxy, connect, events } = await startProxied();
    const before = process.getActiveResourcesInfo().length;
    proxy.inject(injection("tcp.latency", { delay: "10s" }));
    for (let batch = 0; batch < 20; batch += 1) {
      await Promise.all(Array.from({ length: 50 }, async () => (await connect()).write("hello")));
    }
    await proxy[Symbol.asyncDispose]();
    expect(events.filter(({ type }) => type === "open").length).toBe(
      events.filter(({ type }) => type === "close").length,
    );
    await disposeAll();
    // Handles go in a later turn of the event loop; the test's own time limit is the hang guard.
    while (process.getActiveResourcesInfo().length > before) await host.clock.sleep(5);
  });
});
