/** Faults on connections, through real sockets. */
import { describe, expect, test } from "vitest";
import { errorOf, host, injection, read, readAll, startProxied, startProxyTo, startServer } from "./proxy.testing.ts";

describe("faults on live connections", () => {
  test("an idle connection is reset on both sides at once", async () => {
    const { proxy, connect, accept, closed } = await startProxied();
    const client = await connect();
    const server = await accept();
    const reset = injection("tcp.reset");
    proxy.inject(reset);
    expect(await Promise.all([errorOf(client), errorOf(server)])).toEqual(["ECONNRESET", "ECONNRESET"]);
    expect((await closed()).by).toBe("fault");
    expect(reset.hits).toEqual([{ connection: 1, direction: "downstream", item: "tick" }]);
  });

  test("a new connection is reset before a byte has passed", async () => {
    const { proxy, dial, closed } = await startProxied();
    proxy.inject(injection("tcp.reset"));
    expect(await errorOf(dial())).toBe("ECONNRESET");
    expect(await closed()).toMatchObject({ upstream: 0, downstream: 0, by: "fault" });
  });

  test("a reset comes after its time on an idle connection", async () => {
    const { proxy, connect, accept } = await startProxied();
    const client = await connect();
    await accept();
    const begin = host.clock.monotonic();
    proxy.inject(injection("tcp.reset", { after: "50ms" }));
    expect(await errorOf(client)).toBe("ECONNRESET");
    expect(host.clock.monotonic() - begin).toBeGreaterThanOrEqual(50);
  });

  test("a reset in the middle of a document comes exactly behind its byte", async () => {
    const { proxy, connect, accept, closed } = await startProxied();
    proxy.inject(injection("tcp.reset", { after_bytes: "3000B" }));
    const client = await connect();
    const server = await accept();
    let received = 0;
    client.on("data", (bytes) => (received += bytes.length));
    server.end(Buffer.alloc(10_000, "x"));
    expect(await errorOf(client)).toBe("ECONNRESET");
    expect(received).toBe(3000);
    expect((await closed()).downstream).toBe(3000);
  });

  test("a truncated document ends politely, and the server can finish", async () => {
    const { proxy, connect, accept, closed } = await startProxied();
    const truncate = injection("tcp.truncate", { after: "1000B" });
    proxy.inject(truncate);
    const client = await connect();
    const server = await accept();
    server.resume();
    server.end(Buffer.alloc(10_000, "x"));
    expect((await readAll(client)).length).toBe(1000);
    client.end();
    expect(await closed()).toMatchObject({ downstream: 1000, by: "fault" });
    expect(truncate.hits).toHaveLength(1);
  });

  test("a black hole holds everything, FIN included, and gives it all back", async () => {
    const { proxy, connect, accept } = await startProxied();
    const client = await connect();
    const server = await accept();
    const hole = injection("tcp.blackhole");
    const lift = proxy.inject(hole);
    client.end("into the hole");
    server.write("and out of it");
    const muted = await connect();
    muted.end("late");
    while (hole.hits.length < 2) await host.clock.sleep(1);
    expect([client.bytesRead, server.bytesRead]).toEqual([0, 0]);
    await lift[Symbol.asyncDispose]();
    expect(await readAll(server)).toBe("into the hole");
    server.end();
    expect(await readAll(client)).toBe("and out of it");
    expect(await readAll(await accept())).toBe("late");
  });

  test("a limited connection is closed on both sides behind its last byte, and what is said afterwards is dropped", async () => {
    const { proxy, connect, accept, closed } = await startProxied();
    const limit = injection("tcp.limit", { bytes: "3000B" });
    proxy.inject(limit);
    const client = await connect();
    const server = await accept();
    const heard = readAll(server);
    server.write(Buffer.alloc(10_000, "x"));
    expect((await readAll(client)).length).toBe(3000);
    expect(await heard).toBe("");
    client.end("too late");
    server.end("as well");
    expect(await closed()).toMatchObject({ upstream: 0, downstream: 3000, by: "fault" });
    expect(limit.hits).toHaveLength(1);
  });

  test("a connection that is idle is closed after its time", async () => {
    const { proxy, connect, accept } = await startProxied();
    const client = await connect();
    const server = await accept();
    const begin = host.clock.monotonic();
    proxy.inject(injection("tcp.limit", { time: "50ms" }));
    expect(await Promise.all([readAll(client), readAll(server)])).toEqual(["", ""]);
    expect(host.clock.monotonic() - begin).toBeGreaterThanOrEqual(50);
  });

  test("a connection that is closed while the server is dialled reaches it and ends there, too", async () => {
    const { port, accept } = await startServer();
    const address = Promise.withResolvers<{ host: string; port: number }>();
    const { proxy, connect, closed } = await startProxyTo(port, { server: () => address.promise });
    const client = await connect();
    proxy.inject(injection("tcp.limit", { time: "0s" }));
    expect(await readAll(client)).toBe("");
    address.resolve({ host: "127.0.0.1", port });
    const server = await accept();
    expect(await readAll(server)).toBe("");
    server.end();
    client.end();
    expect((await closed()).by).toBe("fault");
  });

  test("a connection that is closed as soon as it is accepted never reaches the server", async () => {
    const { proxy, connect, accept, closed } = await startProxied();
    const closing = injection("tcp.close-on-accept", {}, { first: 1 });
    proxy.inject(closing);
    const client = await connect();
    expect(await readAll(client)).toBe("");
    client.end();
    expect(await closed()).toMatchObject({ upstream: 0, downstream: 0, by: "fault" });
    expect(closing.hits).toEqual([{ connection: 1, direction: "upstream", item: "open" }]);
    (await connect()).end("the second");
    expect(await readAll(await accept())).toBe("the second");
  });

  test("one connection more than there may be is reset, until one of them leaves", async () => {
    const { proxy, connect, dial, accept, closed } = await startProxied();
    const few = injection("tcp.connections", { most: 1 });
    proxy.inject(few);
    const first = await connect();
    const server = await accept();
    expect(few.hits).toEqual([]);
    expect(await errorOf(dial())).toBe("ECONNRESET");
    await closed(2);
    expect(few.hits).toEqual([{ connection: 2, direction: "upstream", item: "open" }]);
    first.end();
    server.resume().end();
    await closed(1);
    (await connect()).end("the third");
    expect(await readAll(await accept())).toBe("the third");
  });

  test("a muted server hears nothing but the end, and the other way round", async () => {
    const { proxy, connect, accept } = await startProxied();
    const mute = injection("tcp.mute", {}, { nth: 1 });
    const unheard = injection("tcp.mute", {}, { nth: 2, direction: "downstream" });
    proxy.inject(mute);
    proxy.inject(unheard);
    const client = await connect();
    client.end("hello?");
    const server = await accept();
    expect(await readAll(server)).toBe("");
    server.end("what?");
    expect(await readAll(client)).toBe("what?");
    const other = await connect();
    other.end("do it");
    const doing = await accept();
    expect(await readAll(doing)).toBe("do it");
    doing.end("done");
    expect(await readAll(other)).toBe("");
    expect([mute.hits, unheard.hits].map(({ length }) => length)).toEqual([1, 1]);
  });

  test("a stream stalls exactly behind its byte, and goes on without loss", async () => {
    const { proxy, connect, accept } = await startProxied();
    const stall = injection("tcp.stall", { after_bytes: "1000B" });
    const lift = proxy.inject(stall);
    const client = await connect();
    const server = await accept();
    server.end(Buffer.alloc(10_000, "x"));
    await read(client, 1000);
    while (stall.hits.length === 0) await host.clock.sleep(1);
    expect(client.bytesRead).toBe(1000);
    await lift[Symbol.asyncDispose]();
    expect((await readAll(client)).length).toBe(9000);
  });

  test("lost segments come late and whole; a slow end comes last; corruption changes no length", async () => {
    const { proxy, connect, accept } = await startProxied();
    const faults = [
      injection("tcp.loss", { probability: "100%", delay: "20ms" }),
      injection("tcp.slow-close", { delay: "30ms" }),
      injection("tcp.corrupt", { at: "5B", what: "byte" }),
    ];
    for (const each of faults) proxy.inject(each);
    const client = await connect();
    const server = await accept();
    const begin = host.clock.monotonic();
    server.write("0123456789");
    const text = await read(client, 10);
    expect(host.clock.monotonic() - begin).toBeGreaterThanOrEqual(20);
    // Right behind the bytes it would be due before they are out, on a machine that is busy enough.
    const said = host.clock.monotonic();
    server.end();
    expect(await readAll(client)).toBe("");
    expect(host.clock.monotonic() - said).toBeGreaterThanOrEqual(30);
    expect([text.slice(0, 5), text.slice(-4)]).toEqual(["01234", "6789"]);
    expect(text).not.toContain("5");
    expect(faults.map(({ hits }) => hits.length)).toEqual([1, 1, 1]);
  });

  test("a range comes twice, and nothing else changes", async () => {
    const { proxy, connect, accept, closed } = await startProxied();
    const twice = injection("tcp.duplicate", { at: "2B", length: "3B" });
    proxy.inject(twice);
    const client = await connect();
    const server = await accept();
    server.resume().end("0123456789");
    expect(await readAll(client)).toBe("0123423456789");
    client.end();
    expect(await closed()).toMatchObject({ downstream: 13 });
    expect(twice.hits).toHaveLength(1);
  });

  test("a server that is slow to be reached hears nothing until then, and everything afterwards", async () => {
    const { proxy, connect, accept } = await startProxied();
    const slow = injection("tcp.slow-connect", { delay: "60ms" });
    proxy.inject(slow);
    const begin = host.clock.monotonic();
    const client = await connect();
    client.end("hello");
    const server = await accept();
    expect(host.clock.monotonic() - begin).toBeGreaterThanOrEqual(60);
    expect(await readAll(server)).toBe("hello");
    expect(slow.hits).toEqual([{ connection: 1, direction: "upstream", item: "open" }]);
  });

  test("connections that share a rate take as long as one that carries all their bytes", async () => {
    const { proxy, connect, accept } = await startProxied();
    proxy.inject(injection("tcp.bandwidth", { rate: "100KiB/s", shared: true }));
    const begin = host.clock.monotonic();
    const texts = await Promise.all(
      [1, 2, 3].map(async () => {
        const client = await connect();
        (await accept()).end("x".repeat(4096));
        return readAll(client);
      }),
    );
    expect(texts.map(({ length }) => length)).toEqual([4096, 4096, 4096]);
    expect(host.clock.monotonic() - begin).toBeGreaterThanOrEqual(120);
  });

  test("one draw decides for both directions of a connection", async () => {
    const { proxy, connect, accept } = await startProxied();
    const mute = injection("tcp.mute", {}, { probability: 0.5, direction: "both" });
    proxy.inject(mute);
    const outcomes: string[] = [];
    for (let times = 0; times < 16; times += 1) {
      const client = await connect();
      client.end("up");
      const server = await accept();
      const up = await readAll(server);
      server.end("down");
      outcomes.push(`${up} ${await readAll(client)}`);
    }
    expect(new Set(outcomes)).toEqual(new Set(["up down", " "]));
  });

  test("only the chosen connections are hit", async () => {
    const { proxy, connect, dial, accept } = await startProxied();
    proxy.inject(injection("tcp.reset", {}, { nth: 2 }));
    const first = await connect();
    first.end("one");
    expect(await readAll(await accept())).toBe("one");
    expect(await errorOf(dial())).toBe("ECONNRESET");
    const third = await connect();
    third.end("three");
    expect(await readAll(await accept())).toBe("three");
  });

  test("scope new leaves those alone that were there before", async () => {
    const { proxy, connect, dial, accept } = await startProxied();
    const before = await connect();
    const server = await accept();
    proxy.inject(injection("tcp.reset", {}, { scope: "new" }));
    expect(await errorOf(dial())).toBe("ECONNRESET");
    before.write("fine");
    expect(await read(server, 4)).toBe("fine");
  });

  test("latency delays each way by at least its time", async () => {
    const { proxy, connect, accept } = await startProxied();
    proxy.inject(injection("tcp.latency", { delay: "40ms" }, { direction: "both" }));
    const client = await connect();
    const begin = host.clock.monotonic();
    client.write("ping");
    const server = await accept();
    await read(server, 4);
    server.write("pong");
    await read(client, 4);
    expect(host.clock.monotonic() - begin).toBeGreaterThanOrEqual(80);
  });
});
