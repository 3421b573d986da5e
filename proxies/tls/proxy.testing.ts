/** What the proxy does on every host: it was written against real TLS, and the simulated host's model has to come to the same. */
import { once } from "node:events";
import { expect, test } from "vitest";
import type { Host, Socket } from "../../host/host.ts";
import { quiet, readAll, readBytes, until, type HostPair } from "../../host/talk.testing.ts";
import { faults } from "../../faults/registry.ts";
import type { TlsFault } from "../../faults/tls/contract.ts";
import { startTlsOrigination } from "./origination.ts";
import { startTlsProxy, type TlsInjection, type TlsProxy, type TlsProxyEvent, type TlsProxyOptions } from "./proxy.ts";

export interface Scene extends AsyncDisposable {
  readonly proxy: TlsProxy;
  readonly events: readonly TlsProxyEvent[];
  readonly hits: readonly Readonly<Record<string, unknown>>[];
  /** What the server has accepted. */
  readonly accepted: readonly Socket[];
  readonly inject: (kind: string, parameters?: object, more?: Partial<TlsInjection>) => AsyncDisposable;
  readonly connect: (options?: { readonly host?: Host; readonly alpn?: readonly string[] }) => Promise<Socket>;
}

/** The server serves TLS itself, and hands out what it accepts. */
export async function startScene(pair: HostPair, options: Partial<TlsProxyOptions> = {}): Promise<Scene> {
  await using starting = new AsyncDisposableStack();
  const accepted: Socket[] = [];
  const server = starting.use(
    await pair.server.network.listen({ port: 0, tls: true, halfOpen: true }, (socket) => accepted.push(quiet(socket))),
  );
  starting.defer(() => {
    for (const socket of accepted) socket.destroy();
  });
  const events: TlsProxyEvent[] = [];
  const hits: Readonly<Record<string, unknown>>[] = [];
  const proxy = starting.use(
    await startTlsProxy({
      host: pair.server,
      listen: { port: 0 },
      server: async () => ({ host: pair.place, port: server.address.port }),
      names: [pair.place],
      onEvent: (event) => events.push(event),
      ...options,
    }),
  );
  const started = starting.move();
  return {
    proxy,
    events,
    hits,
    accepted,
    inject: (kind, parameters = {}, more = {}) =>
      proxy.inject({
        fault: faultOf(kind),
        parameters: faultOf(kind).parameters.parse(parameters),
        draw: () => 0,
        onHit: (hit) => hits.push(hit),
        ...more,
      }),
    connect: async ({ host = pair.client, alpn } = {}) =>
      quiet(
        await host.network.connect({
          host: pair.place,
          port: proxy.address.port,
          tls: true,
          halfOpen: true,
          ...(alpn !== undefined && { alpn }),
        }),
      ),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

function faultOf(kind: string): TlsFault {
  const fault = faults.get(kind);
  if (fault?.plane !== "tls") throw new Error(`${kind} is no fault of tls`);
  return fault;
}

function handshakes(scene: Scene): readonly object[] {
  return scene.events.flatMap((event) => {
    if (event.type !== "handshake") return [];
    const { type: _type, alpn: _alpn, ...rest } = event;
    return [rest];
  });
}

export function describeTlsProxy(startPair: () => Promise<HostPair>): void {
  test.each([{ terminates: false }, { terminates: true }])(
    "carries both ways, and each half ends by itself: %j",
    async (options) => {
      await using pair = await startPair();
      await using scene = await startScene(pair, options);
      const client = await scene.connect();
      client.end("question");
      await until(() => scene.accepted.length === 1);
      const [server] = scene.accepted as [Socket];
      expect(await readAll(server)).toBe("question");
      server.end("x".repeat(300_000));
      expect(await readAll(client)).toHaveLength(300_000);
      const own = (): readonly TlsProxyEvent[] => scene.events.filter(({ connection }) => connection === 1);
      await until(() => own().at(-1)?.type === "close");
      expect(own()).toEqual([
        { type: "open", connection: 1 },
        {
          type: "handshake",
          connection: 1,
          alpn: [],
          ...(options.terminates ? { terminated: true, outcome: "done" } : { terminated: false, outcome: "passed" }),
        },
        { type: "close", connection: 1, by: "client" },
      ]);
    },
  );

  test.each([
    { terminates: false, side: "client" },
    { terminates: false, side: "server" },
    { terminates: true, side: "client" },
    { terminates: true, side: "server" },
  ])("a reset by the $side is a reset to the other: %j", async ({ terminates, side }) => {
    await using pair = await startPair();
    await using scene = await startScene(pair, { terminates });
    const client = await scene.connect();
    client.write("hello");
    await until(() => scene.accepted.length === 1);
    const [server] = scene.accepted as [Socket];
    expect(await readBytes(server, 5)).toBe("hello");
    server.write("hello");
    expect(await readBytes(client, 5)).toBe("hello");
    const [one, other] = side === "client" ? [client, server] : [server, client];
    const error = once(other, "error");
    other.resume();
    one.resetAndDestroy();
    expect(await error).toEqual([expect.objectContaining({ code: "ECONNRESET" })]);
  });

  test.each([
    ["tls.expired", {}, "CERT_HAS_EXPIRED"],
    ["tls.expired", { ago: "1s" }, "CERT_HAS_EXPIRED"],
    ["tls.not-yet-valid", {}, "CERT_NOT_YET_VALID"],
    ["tls.not-yet-valid", { in: "3s" }, "CERT_NOT_YET_VALID"],
    ["tls.wrong-host", {}, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["tls.unknown-ca", {}, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["tls.unknown-ca", { signed_by: "itself" }, "DEPTH_ZERO_SELF_SIGNED_CERT"],
    ["tls.handshake-cut", {}, "ECONNRESET"],
    ["tls.handshake-cut", { by: "fin" }, "ECONNRESET"],
    ["tls.handshake-cut", { behind: "server-hello" }, "ECONNRESET"],
    ["tls.handshake-cut", { behind: "server-hello", by: "fin" }, "ECONNRESET"],
  ])(
    "under %s %j a client is told %s, and the next one is served when it is lifted",
    async (kind, parameters, code) => {
      await using pair = await startPair();
      await using scene = await startScene(pair);
      {
        await using fault = scene.inject(kind, parameters);
        void fault;
        await expect(scene.connect()).rejects.toMatchObject({ code });
        await until(() => scene.hits.length > 0);
      }
      const client = await scene.connect();
      client.write("hello");
      await until(() => scene.accepted.length > 0);
      expect(await readBytes(scene.accepted.at(-1) as Socket, 5)).toBe("hello");
      expect(scene.hits).toHaveLength(1);
      expect(scene.accepted).toHaveLength(1);
    },
  );

  test("two faults of one certificate add up, and nth chooses among new connections", async () => {
    await using pair = await startPair();
    await using scene = await startScene(pair);
    (await scene.connect()).destroy();
    await using both = new AsyncDisposableStack();
    both.use(scene.inject("tls.wrong-host", {}, { nth: 2 }));
    both.use(scene.inject("tls.expired", {}, { first: 1 }));
    await expect(scene.connect()).rejects.toMatchObject({ code: "CERT_HAS_EXPIRED" });
    await expect(scene.connect()).rejects.toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    (await scene.connect()).destroy();
    await until(() => scene.hits.length === 2);
    expect(scene.hits).toEqual([{ connection: 2 }, { connection: 3 }]);
    expect(handshakes(scene)).toEqual([
      { connection: 1, terminated: false, outcome: "passed" },
      { connection: 2, terminated: true, outcome: "ECONNRESET" },
      { connection: 3, terminated: true, outcome: "ECONNRESET" },
      { connection: 4, terminated: false, outcome: "passed" },
    ]);
  });

  test.each(["client-hello", "server-hello"])(
    "stalled behind the %s, a handshake goes on when that is lifted",
    async (behind) => {
      await using pair = await startPair();
      await using scene = await startScene(pair, { terminates: true });
      const fault = scene.inject("tls.handshake-stall", { behind });
      const connecting = scene.connect();
      const first = await Promise.race([connecting, until(() => scene.hits.length > 0)]);
      expect([first, scene.hits, scene.accepted.length]).toEqual([undefined, [{ connection: 1, behind }], 0]);
      await fault[Symbol.asyncDispose]();
      const client = await connecting;
      client.write("hello");
      await until(() => scene.accepted.length > 0);
      expect(await readBytes(scene.accepted[0] as Socket, 5)).toBe("hello");
    },
  );

  test("stalled behind the server's flight, the client is connected, and what it says arrives when that is lifted", async () => {
    await using pair = await startPair();
    await using scene = await startScene(pair);
    const fault = scene.inject("tls.handshake-stall", { behind: "server-flight" });
    const client = await scene.connect();
    client.write("hello");
    await until(() => scene.hits.length > 0);
    expect(scene.accepted).toHaveLength(0);
    await fault[Symbol.asyncDispose]();
    await until(() => scene.accepted.length > 0);
    expect(await readBytes(scene.accepted[0] as Socket, 5)).toBe("hello");
  });

  test.each(["fin", "rst"])(
    "cut behind the server's flight (%s), the client is connected, and nobody hears it",
    async (by) => {
      await using pair = await startPair();
      await using scene = await startScene(pair);
      await using fault = scene.inject("tls.handshake-cut", { behind: "server-flight", by });
      void fault;
      const client = await scene.connect();
      client.write("hello");
      await until(() => client.resume().end().destroyed);
      expect([scene.hits, scene.accepted]).toEqual([[{ connection: 1, behind: "server-flight" }], []]);
    },
  );

  test("connections that are there are left alone by what concerns handshakes", async () => {
    await using pair = await startPair();
    await using scene = await startScene(pair);
    const client = await scene.connect();
    client.write("hello");
    await until(() => scene.accepted.length > 0);
    const [server] = scene.accepted as [Socket];
    await readBytes(server, 5);
    await using all = new AsyncDisposableStack();
    for (const behind of ["client-hello", "server-hello", "server-flight"]) {
      all.use(scene.inject("tls.handshake-cut", { behind }));
      all.use(scene.inject("tls.handshake-stall", { behind }));
    }
    all.use(scene.inject("tls.expired"));
    client.end("question");
    expect(await readAll(server)).toBe("question");
    server.end("answer");
    expect(await readAll(client)).toBe("answer");
    expect(scene.hits).toEqual([]);
  });

  test.each([{ behind: "client-hello" }, { behind: "server-hello" }, { behind: "server-flight" }])(
    "a connection whose handshake has not begun meets a fault that comes later: $behind",
    async (parameters) => {
      await using pair = await startPair();
      await using scene = await startScene(pair);
      const idle = await pair.client.network.connect({ host: pair.place, port: scene.proxy.address.port });
      await until(() => scene.events.length === 1);
      await using fault = scene.inject("tls.handshake-cut", parameters, { nth: 1 });
      void fault;
      idle.destroy();
      const client = await scene.connect();
      client.write("hello");
      await until(() => scene.accepted.length > 0);
      expect(scene.hits).toEqual([]);
    },
  );

  test("what is no TLS passes, or fails where its TLS would end", async () => {
    await using pair = await startPair();
    await using scene = await startScene(pair);
    const rude = async (): Promise<void> => {
      const socket = quiet(await pair.client.network.connect({ host: pair.place, port: scene.proxy.address.port }));
      socket.end("GET / HTTP/1.0\r\n\r\n");
      await until(() => socket.resume().destroyed);
    };
    await rude();
    await using fault = scene.inject("tls.expired");
    void fault;
    await rude();
    await expect(scene.connect()).rejects.toMatchObject({ code: "CERT_HAS_EXPIRED" });
    // Of the first there is nothing to tell.
    await until(() => handshakes(scene).length === 2);
    expect(handshakes(scene)).toMatchObject([
      { connection: 2, terminated: true },
      { connection: 3, terminated: true },
    ]);
  });

  test("behind a byte, or after a time, a connection ends without a word, on both sides", async () => {
    await using pair = await startPair();
    await using scene = await startScene(pair, { terminates: true });
    const client = await scene.connect();
    await until(() => scene.accepted.length > 0);
    const [server] = scene.accepted as [Socket];
    await using fault = scene.inject("tls.no-close-notify", { after_bytes: "5B" });
    void fault;
    const heard = Promise.all([readAll(client), readAll(server)]);
    server.write("hello, world");
    expect(await heard).toEqual(["hello", ""]);
    expect(scene.hits).toEqual([{ connection: 1 }]);
    const late = await scene.connect();
    await using soon = scene.inject("tls.no-close-notify", { after: "10ms" });
    void soon;
    expect(await readAll(late)).toBe("");
  });

  test("lifted, an end is an end again", async () => {
    await using pair = await startPair();
    await using scene = await startScene(pair, { terminates: true });
    const fault = scene.inject("tls.no-close-notify", { after_bytes: "5B" });
    const client = await scene.connect();
    await until(() => scene.accepted.length > 0);
    await fault[Symbol.asyncDispose]();
    const [server] = scene.accepted as [Socket];
    server.end("hello, world");
    expect(await readAll(client)).toBe("hello, world");
    expect(scene.hits).toEqual([]);
  });

  test("a server that is not there, or is none to trust, is a reset to the client", async () => {
    await using pair = await startPair();
    const nobody = await pair.server.network.listen({ port: 0 }, () => {});
    await nobody[Symbol.asyncDispose]();
    const server = async () => ({ host: pair.place, port: nobody.address.port });
    await using closed = await startScene(pair, { server, terminates: true });
    const client = await closed.connect();
    client.on("error", () => {}).resume();
    await until(() => client.destroyed);
    // Asked for a protocol, it has to ask the server first.
    await expect(closed.connect({ alpn: ["http/1.1"] })).rejects.toMatchObject({ code: "ECONNRESET" });
    await using untrusted = await startScene(pair, { names: ["other.test"], terminates: true });
    await expect(
      pair.client.network.connect({
        host: pair.place,
        port: untrusted.proxy.address.port,
        tls: true,
        servername: "other.test",
        alpn: ["x"],
      }),
    ).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("a client finds it where the server is not, and the server is asked for by a name of its own", async () => {
    await using pair = await startPair();
    await using scene = await startScene(pair, { alsoAt: ["also.test"], terminates: true });
    const connect = (servername: string, { port } = scene.proxy.address): Promise<Socket> =>
      pair.client.network.connect({ host: pair.place, port, tls: true, servername, alpn: ["x"] });
    expect(quiet(await connect("also.test")).destroyed).toBe(false);
    await using other = await startScene(pair, { names: ["other.test"], alsoAt: [pair.place], terminates: true });
    await expect(connect(pair.place, other.proxy.address)).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("what is inside can lead to somebody in the clear, and back into TLS", async () => {
    await using pair = await startPair();
    await using scene = await startScene(pair);
    const { port } = scene.proxy.address;
    await using back = await startTlsOrigination({
      host: pair.server,
      listen: { host: "127.0.0.1", port: 0 },
      server: async () => ({ host: pair.place, port }),
      servername: () => pair.place,
      alpn: ["http/1.1"],
    });
    await using front = await startTlsProxy({
      host: pair.server,
      listen: { port: 0 },
      server: () => Promise.reject(new Error("nobody should ask")),
      names: [pair.place],
      inside: () => ({ address: async () => back.address, alpn: ["http/1.1"] }),
      onEvent: () => {},
    });
    const client = quiet(
      await pair.client.network.connect({
        host: pair.place,
        port: front.address.port,
        tls: true,
        alpn: ["h2", "http/1.1"],
        halfOpen: true,
      }),
    );
    expect(client.alpnProtocol).toBe("http/1.1");
    client.end("question");
    await until(() => scene.accepted.length > 0);
    const [server] = scene.accepted as [Socket];
    expect(await readAll(server)).toBe("question");
    server.end("answer");
    expect(await readAll(client)).toBe("answer");
    expect(scene.events).toContainEqual({
      type: "handshake",
      connection: 1,
      alpn: ["http/1.1"],
      terminated: false,
      outcome: "passed",
    });
  });

  test("disposing ends what is there, in whatever state", async () => {
    await using pair = await startPair();
    const scene = await startScene(pair, { terminates: true });
    const idle = await pair.client.network.connect({ host: pair.place, port: scene.proxy.address.port });
    const client = await scene.connect();
    scene.inject("tls.handshake-stall");
    const stalled = scene.connect();
    stalled.catch(() => {});
    await until(() => scene.hits.length > 0);
    await scene[Symbol.asyncDispose]();
    for (const socket of [idle, client]) await until(() => quiet(socket).resume().end().destroyed);
    await expect(stalled).rejects.toMatchObject({ code: "ECONNRESET" });
  });
}
