/** A chain of proxies tells of its client's connections, whichever of its proxies has something to say. Sockets are real. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { faults, isFaultOfLink } from "../../faults/registry.ts";
import type { Address } from "../../host/host.ts";
import { request, serveHttp } from "../../host/http.ts";
import { createRealHost } from "../../host/real.ts";
import { until } from "../../host/talk.testing.ts";
import { startChain, type Chain, type ChainOptions } from "./chain.ts";
import type { ChainEvent, ChainInjection } from "./part.ts";

const host = createRealHost({ name: "test", directory: "/", seed: 1, log: () => {} });
const anywhere = { host: "127.0.0.1", port: 0 };

interface Scene extends AsyncDisposable {
  readonly chain: Chain;
  readonly events: readonly ChainEvent[];
  readonly hits: readonly Readonly<Record<string, unknown>>[];
  inject(kind: string, parameters?: object, more?: Partial<ChainInjection>): Promise<AsyncDisposable>;
}

async function startScene(server: Address, options: Partial<ChainOptions> = {}): Promise<Scene> {
  const events: ChainEvent[] = [];
  const hits: Readonly<Record<string, unknown>>[] = [];
  const chain = await startChain({
    host,
    listen: anywhere,
    server: async () => server,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return {
    chain,
    events,
    hits,
    async inject(kind, parameters = {}, more = {}) {
      const fault = faults.get(kind);
      if (fault === undefined || !isFaultOfLink(fault)) throw new Error(`${kind} is no fault of links`);
      const injection: ChainInjection = {
        fault,
        parameters: fault.parameters.parse(parameters),
        draw: () => 0,
        onHit: (hit) => void hits.push(hit),
        ...more,
      };
      await chain.prepare(injection);
      return chain.inject(injection);
    },
    [Symbol.asyncDispose]: () => chain[Symbol.asyncDispose](),
  };
}

const startSite = (): ReturnType<typeof serveHttp> =>
  serveHttp(host, anywhere, (_, response) => void response.end("ok"));

async function refusing(): Promise<Address> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return { host: "127.0.0.1", port };
}

async function ask({ chain }: Scene, path = "/"): Promise<string> {
  return request(host, { address: chain.address, path, headers: { connection: "close" } })
    .then(({ body }) => text(body))
    .catch(() => "lost");
}

describe("whose connection it is", () => {
  test("is said by the number that the client's has, whichever came first at the proxy within", async () => {
    await using site = await startSite();
    await using scene = await startScene(site.address, { inner: ["http"] });
    // Some of which the reader of requests hears, but not of a request.
    const silent = [1, 2, 3].map(() => connect(scene.chain.address.port, "127.0.0.1"));
    await Promise.all(silent.map((socket) => once(socket, "connect")));
    await scene.inject("http.status", { code: 503 });
    await Promise.all(Array.from({ length: 20 }, (_, n) => ask(scene, `/${n}`)));
    const ports = new Map(
      scene.events.flatMap((event) => (event.event === "http.request" ? [[event.path, event.connection]] : [])),
    );
    expect(new Set(ports.values())).toEqual(new Set(Array.from({ length: 20 }, (_, n) => n + 4)));
    expect(scene.hits.map(({ path, connection }) => [path, connection])).toEqual(
      expect.arrayContaining([...ports].map(([path, connection]) => [path, connection])),
    );
    for (const socket of silent) socket.destroy();
  });

  test("is said of faults behind the proxies of other planes as well, for those that come from then on", async () => {
    await using site = await startSite();
    await using scene = await startScene(site.address, { inner: ["http"] });
    await ask(scene);
    await using fault = await scene.inject("tcp.reset", {}, { leg: "upstream", nth: 2 });
    void fault;
    expect([await ask(scene), await ask(scene), await ask(scene)]).toEqual(["ok", "lost", "ok"]);
    expect(scene.hits).toMatchObject([{ connection: 3 }]);
  });

  test("nobody else is served within", async () => {
    await using site = await startSite();
    const asked: Address[] = [];
    const spying = {
      ...host,
      network: {
        ...host.network,
        listen: async (...args: Parameters<typeof host.network.listen>) => {
          const listener = await host.network.listen(...args);
          asked.push(listener.address);
          return listener;
        },
      },
    };
    await using scene = await startScene(site.address, { host: spying, inner: ["http"] });
    const [within] = asked;
    const stranger = connect(within?.port ?? 0, "127.0.0.1");
    stranger.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(stranger, "connect");
    expect(await ask(scene)).toBe("ok");
    expect(scene.events.filter(({ event }) => event === "http.request")).toHaveLength(1);
    stranger.destroy();
  });
});

describe("why a connection ended", () => {
  test.each([[[]], [["http"]], [["upstream"]], [["http", "upstream"]], [["tls"]]] as const)(
    "is that the server refused, whatever is in between: %j",
    async (inner) => {
      const failures: unknown[] = [];
      await using scene = await startScene(await refusing(), {
        inner,
        names: ["localhost"],
        onServerFailed: (connection, error) => failures.push([connection, (error as NodeJS.ErrnoException).code]),
      });
      const socket = connect(scene.chain.address.port, "127.0.0.1");
      expect(await once(socket, "error")).toMatchObject([{ code: "ECONNRESET" }]);
      await until(() => scene.events.at(-1)?.event === "connection.close");
      expect(scene.events.at(-1)).toMatchObject({ event: "connection.close", by: "server-refused" });
      expect(failures).toEqual([[1, "ECONNREFUSED"]]);
    },
  );
});

test("a connection whose server speaks no HTTP is ended by the proxy that reads replies, and not by the server", async () => {
  const server = createServer((socket) => void socket.on("data", () => socket.write("nonsense\r\n\r\n")));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  await using scene = await startScene({ host: "127.0.0.1", port }, { inner: ["http"] });
  expect(await ask(scene)).toBe("lost");
  await until(() => scene.events.at(-1)?.event === "connection.close");
  expect(scene.events.slice(-2)).toMatchObject([
    { event: "http.unreadable", connection: 1, path: "/" },
    { event: "connection.close", connection: 1, by: "proxy" },
  ]);
  server.close();
});

test("what a fault needs stands in the way of new connections only while it lasts", async () => {
  await using site = await startSite();
  await using scene = await startScene(site.address);
  expect(await ask(scene)).toBe("ok");
  const fault = await scene.inject("http.status", { code: 503 });
  await ask(scene);
  expect(scene.hits).toMatchObject([{ connection: 2, request: 1 }]);
  await fault[Symbol.asyncDispose]();
  expect(await ask(scene)).toBe("ok");
  expect(scene.events.filter(({ event }) => event === "http.request")).toHaveLength(1);
});
