import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { TcpFault } from "../../faults/tcp/contract.ts";
import { stream } from "../../faults/random.ts";
import { faults } from "../../faults/registry.ts";
import type { Clock } from "../../host/host.ts";
import { createRealHost } from "../../host/real.ts";
import { startTcpProxy, type ProxyEvent, type TcpInjection, type TcpProxy, type TcpProxyOptions } from "./proxy.ts";

const host = createRealHost({ name: "harness", directory: ".", seed: 1 });

let stack = new AsyncDisposableStack();
afterEach(async () => {
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
});

/** A server of the test's own, half-open, whose accepted sockets can be awaited in order. */
async function startServer(): Promise<{
  readonly port: number;
  readonly accept: () => Promise<Socket>;
  readonly server: Server;
}> {
  const server = createServer({ allowHalfOpen: true });
  const sockets = new Set<Socket>();
  const waiting: Socket[] = [];
  server.on("connection", (socket) => {
    sockets.add(socket);
    waiting.push(socket);
    socket.on("error", () => undefined);
    server.emit("accepted");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) {
      server.close();
      await once(server, "close");
    }
  });
  return {
    port: (server.address() as AddressInfo).port,
    server,
    async accept() {
      while (waiting.length === 0) await once(server, "accepted");
      return waiting.shift() as Socket;
    },
  };
}

interface Proxied {
  readonly proxy: TcpProxy;
  readonly events: readonly ProxyEvent[];
  /** Resolves with the first close event of a connection. */
  readonly closed: (connection?: number) => Promise<Extract<ProxyEvent, { type: "close" }>>;
  readonly accept: () => Promise<Socket>;
  readonly connect: () => Promise<Socket>;
  /** The same without waiting: the socket may be reset before it says that it is connected. */
  readonly dial: () => Socket;
}

async function startProxied(options: Partial<TcpProxyOptions> = {}): Promise<Proxied> {
  const { port, accept } = await startServer();
  return { ...(await startProxyTo(port, options)), accept };
}

async function startProxyTo(port: number, options: Partial<TcpProxyOptions> = {}): Promise<Omit<Proxied, "accept">> {
  const events: ProxyEvent[] = [];
  const watchers = new Set<() => void>();
  const proxy = await startTcpProxy({
    host,
    listen: { host: "127.0.0.1", port: 0 },
    server: async () => ({ host: "127.0.0.1", port }),
    onEvent(event) {
      events.push(event);
      for (const watcher of watchers) watcher();
    },
    ...options,
  });
  stack.use(proxy);
  const dial = (): Socket => {
    const socket = connect({ host: "127.0.0.1", port: proxy.address.port, allowHalfOpen: true });
    stack.defer(() => void socket.destroy());
    socket.on("error", () => undefined);
    return socket;
  };
  return {
    proxy,
    events,
    closed: (connection = 1) =>
      new Promise((resolve) => {
        const look = (): void => {
          const event = events.find((each) => each.type === "close" && each.connection === connection);
          if (event?.type === "close") resolve(event);
        };
        watchers.add(look);
        look();
      }),
    dial,
    async connect() {
      const socket = dial();
      await once(socket, "connect");
      return socket;
    },
  };
}

function injection(
  kind: string,
  parameters: object = {},
  more: Partial<TcpInjection> = {},
): TcpInjection & { readonly hits: object[] } {
  const fault = faults.get(kind) as TcpFault;
  const hits: object[] = [];
  return {
    fault,
    parameters: fault.parameters.parse(parameters),
    draw: stream(1, [kind]),
    onHit: (detail) => void hits.push(detail),
    hits,
    ...more,
  };
}

async function readAll(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}

async function read(socket: Socket, length: number): Promise<string> {
  let bytes = Buffer.alloc(0);
  while (bytes.length < length) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) await once(socket, "readable");
    else bytes = Buffer.concat([bytes, chunk]);
  }
  return bytes.toString();
}

/** The error that closed a socket, or will. */
function errorOf(socket: Socket): Promise<string> {
  socket.resume();
  return new Promise((resolve) => {
    const look = (): void => {
      const { errored } = socket;
      resolve(errored !== null && "code" in errored ? String(errored.code) : "no error");
    };
    if (socket.closed) look();
    else socket.once("close", look);
  });
}

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

/** A proxy whose port somebody else has taken while a fault shut its door; the fault is being lifted. */
async function startTaken(
  options: Partial<TcpProxyOptions> = {},
): Promise<Proxied & { readonly lifted: Promise<void> }> {
  const proxied = await startProxied(options);
  const lift = proxied.proxy.inject(injection("tcp.refuse"));
  await expect(proxied.connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  const other = createServer().listen({ host: "127.0.0.1", port: proxied.proxy.address.port });
  await once(other, "listening");
  stack.defer(() => void other.close());
  return { ...proxied, lifted: Promise.resolve(lift[Symbol.asyncDispose]()) };
}

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

describe("refuse", () => {
  test("news of a refusal counts for a fault that was lifted a moment ago, and for nobody later", async () => {
    let ahead = 0;
    const clock = { ...host.clock, monotonic: () => host.clock.monotonic() + ahead };
    const { proxy } = await startProxied({ host: { ...host, clock } });
    const first = injection("tcp.refuse");
    await proxy.inject(first)[Symbol.asyncDispose]();
    const second = injection("tcp.refuse");
    const lift = proxy.inject(second);
    proxy.refused();
    expect([first.hits.length, second.hits.length]).toEqual([0, 1]);
    await lift[Symbol.asyncDispose]();
    proxy.refused();
    expect([first.hits.length, second.hits.length]).toEqual([0, 2]);
    ahead = 1001;
    proxy.refused();
    expect([first.hits.length, second.hits.length]).toEqual([0, 2]);
  });

  describe("when somebody has taken the port meanwhile", () => {
    test("lifting fails with an error that says so", async () => {
      const clock = { ...host.clock, sleep: () => host.clock.sleep(0) };
      const { proxy, lifted } = await startTaken({ host: { ...host, clock } });
      await expect(lifted).rejects.toThrow(
        `the proxy can't listen on port ${proxy.address.port} of 127.0.0.1 again: somebody else took the port`,
      );
    });

    test("disposing the proxy ends the wait for it", async () => {
      const waiting = Promise.withResolvers<void>();
      const clock: Clock = {
        ...host.clock,
        sleep(_milliseconds, options) {
          waiting.resolve();
          return host.clock.sleep(86_400_000, options);
        },
      };
      const { proxy, lifted } = await startTaken({ host: { ...host, clock } });
      await waiting.promise;
      await proxy[Symbol.asyncDispose]();
      await expect(lifted).resolves.toBeUndefined();
    });
  });

  test("the client's connect is refused by the kernel, and afterwards the same port is there again", async () => {
    const { proxy, connect, accept } = await startProxied();
    const before = await connect();
    const server = await accept();
    const refuse = injection("tcp.refuse");
    const lift = proxy.inject(refuse);
    await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    proxy.refused();
    expect(refuse.hits).toEqual([{ refused: true }]);
    before.write("still here");
    expect(await read(server, 10)).toBe("still here");
    await lift[Symbol.asyncDispose]();
    const { port } = proxy.address;
    const after = await connect();
    expect(after.remotePort).toBe(port);
    after.end("again");
    expect(await readAll(await accept())).toBe("again");
  });

  test("two that overlap keep the door shut until both are lifted", async () => {
    const { proxy, connect } = await startProxied();
    const first = proxy.inject(injection("tcp.refuse"));
    const second = proxy.inject(injection("tcp.refuse"));
    await first[Symbol.asyncDispose]();
    await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await second[Symbol.asyncDispose]();
    await connect();
  });
});

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
    proxy.inject(injection("tcp.limit"));
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
    server.end("0123456789");
    const text = await readAll(client);
    expect(host.clock.monotonic() - begin).toBeGreaterThanOrEqual(30);
    expect([text.slice(0, 5), text.slice(-4)]).toEqual(["01234", "6789"]);
    expect(text).not.toContain("5");
    expect(faults.map(({ hits }) => hits.length)).toEqual([1, 1, 1]);
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
    await stack.disposeAsync();
    stack = new AsyncDisposableStack();
    // Handles go in a later turn of the event loop; the test's own time limit is the hang guard.
    while (process.getActiveResourcesInfo().length > before) await host.clock.sleep(5);
  });
});
