/** What a plan says of a fault on a link reaches the link's proxy. */
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { faults } from "../../faults/registry.ts";
import { formatAddress } from "../../host/address.ts";
import { createRealHost } from "../../host/real.ts";
import { createAuthority } from "../../host/real/certificates.ts";
import type { Happening } from "../history/event.ts";
import type { Host } from "../../host/host.ts";
import { request, serveHttp } from "../../host/http.ts";
import type { InnerProxy } from "../../proxies/chain/planes.ts";
import { startLink } from "./links.ts";

const host = createRealHost({ name: "test", directory: "/", seed: 1, log: () => {} });
const anywhere = { host: "127.0.0.1", port: 0 };

/** Who asks over one link, and what is heard of it. */
interface Linked extends AsyncDisposable {
  readonly events: readonly Happening[];
  readonly hits: readonly unknown[];
  /** Over a connection of its own: the status and the body, or why there is none. */
  ask(path?: string): Promise<string>;
  inject(kind: string, parameters?: object, match?: Readonly<Record<string, unknown>>): Promise<AsyncDisposable>;
}

interface LinkedOptions {
  readonly inner?: readonly InnerProxy[];
  /** By default without TLS. */
  readonly secure?: Host;
}

/** A link with a server at its end that says ok. */
async function startLinked({ inner = [], secure }: LinkedOptions = {}): Promise<Linked> {
  await using stack = new AsyncDisposableStack();
  const at = secure ?? host;
  const door = { ...anywhere, ...(secure !== undefined && { tls: true as const }) };
  const server = stack.use(await serveHttp(at, door, (_request, response) => void response.end("ok")));
  const events: Happening[] = [];
  const hits: unknown[] = [];
  const link = stack.use(
    await startLink({
      name: "fetch",
      host: at,
      inner,
      listen: anywhere,
      server: async () => server.address,
      ...(secure !== undefined && { names: ["localhost"] }),
      record: (happening) => void events.push(happening),
    }),
  );
  const started = stack.move();
  return {
    events,
    hits,
    ask: (path = "/") =>
      request(at, {
        url: `${secure === undefined ? "http" : "https"}://localhost:${link.address.port}${path}`,
        headers: { connection: "close" },
      })
        .then(async ({ status, body }) => `${status} ${await text(body)}`)
        .catch((error: NodeJS.ErrnoException) => error.code ?? error.message),
    inject: (kind, parameters = {}, match = {}) =>
      link.inject(
        {
          kind,
          parameters: { ...faults.get(kind)?.parameters.parse(parameters) },
          match,
          chance: { seed: 1, path: ["test"] },
        },
        (hit) => void hits.push(hit),
      ),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

const [ok, lost] = ["200 ok", "ECONNRESET"];

test.each([
  [{ every_nth: 2 }, [ok, lost, ok, lost, ok]],
  [{ nth: 3 }, [ok, ok, lost, ok, ok]],
  [{ first: 2 }, [lost, lost, ok, ok, ok]],
])("which connections of a tcp link are meant: %j", async (match, expected) => {
  await using linked = await startLinked();
  await linked.inject("tcp.reset", {}, match);
  const outcomes: string[] = [];
  for (const _ of expected) outcomes.push(await linked.ask());
  expect(outcomes).toEqual(expected);
  expect(linked.hits).toMatchObject(
    expected.flatMap((outcome, index) => (outcome === lost ? [{ connection: index + 1 }] : [])),
  );
});

test("a fault whose leg is upstream acts behind the others, and what it ends the client sees end", async () => {
  await using linked = await startLinked({ inner: ["upstream"] });
  {
    await using fault = await linked.inject("tcp.reset", {}, { leg: "upstream" });
    void fault;
    expect([await linked.ask(), linked.hits.length]).toEqual([lost, 1]);
  }
  expect(await linked.ask()).toBe(ok);
  // The link's connections are its client's: each is told of once.
  expect(linked.events.filter(({ event }) => event === "connection.open")).toHaveLength(2);
});

test("a link that was started without a proxy for a fault says so", async () => {
  await using linked = await startLinked();
  await expect(linked.inject("tcp.reset", {}, { leg: "upstream" })).rejects.toThrow(
    "fetch: there is no proxy for tcp.reset (upstream)",
  );
});

test("a fault of HTTP acts on the requests that are meant, and what was asked is in the history", async () => {
  await using linked = await startLinked({ inner: ["http", "upstream"] });
  await linked.inject("http.status", { code: 503 }, { match: { path: "/b" }, every_nth: 2 });
  const outcomes: string[] = [];
  for (const path of ["/b", "/a", "/b", "/b"]) outcomes.push(await linked.ask(path));
  expect(outcomes).toEqual([ok, ok, "503 503\n", ok]);
  expect(linked.hits).toEqual([{ connection: 3, request: 1, method: "GET", path: "/b" }]);
  const asked = { link: "fetch", connection: 3, request: 1, method: "GET", path: "/b" };
  expect(linked.events).toContainEqual({ event: "http.request", ...asked });
  expect(linked.events).toContainEqual({ event: "http.reply", ...asked, status: 503, bytes: 4 });
});

test("a stranger is met past a link's own proxies, or behind them if its leg is upstream", async () => {
  await using stranger = await serveHttp(host, anywhere, (_request, response) => void response.end("stranger"));
  const to = formatAddress(stranger.address);
  await using linked = await startLinked({ inner: ["http", "upstream"] });
  await linked.inject("http.status", { code: 503 }, { match: { path: "/b" } });
  const outcomes: string[] = [];
  for (const leg of ["client", "upstream"]) {
    await using led = await linked.inject("tcp.stranger", { to }, { leg });
    void led;
    for (const path of ["/a", "/b"]) outcomes.push(await linked.ask(path));
  }
  expect(outcomes).toEqual(["200 stranger", "200 stranger", "200 stranger", "503 503\n"]);
});

test("a server that is not there resets the client, whatever proxies there are", async () => {
  const closed = await serveHttp(host, anywhere, () => {});
  await closed[Symbol.asyncDispose]();
  await using link = await startLink({
    name: "fetch",
    host,
    inner: ["http", "upstream"],
    listen: anywhere,
    server: async () => closed.address,
    record: () => {},
  });
  await expect(request(host, { address: link.address })).rejects.toMatchObject({ code: "ECONNRESET", syscall: "read" });
});

describe("on a link of https", async () => {
  const authority = await createAuthority();
  const issued = await authority.issue(["localhost"]);
  const secure = createRealHost({
    name: "test",
    directory: "/",
    seed: 1,
    identity: { ...issued, authority: authority.certificate, issuer: authority },
    log: () => {},
  });

  test("each plane of a whole chain has its faults, one within the other", async () => {
    await using linked = await startLinked({ inner: ["termination", "http", "origination", "upstream"], secure });
    const during = async (...[kind, parameters, match]: Parameters<Linked["inject"]>): Promise<string> => {
      const before = linked.hits.length;
      await using fault = await linked.inject(kind, parameters, match);
      void fault;
      return `${await linked.ask()}, ${linked.hits.length - before}`;
    };
    expect(await linked.ask()).toBe(ok);
    expect(await during("http.status", { code: 503 })).toBe("503 503\n, 1");
    expect(await during("tls.expired", {})).toBe("CERT_HAS_EXPIRED, 1");
    expect(await during("tls.handshake-cut", { by: "rst" })).toBe("ECONNRESET, 1");
    expect(await during("tcp.reset", {}, { scope: "new" })).toBe("ECONNRESET, 1");
    expect(await during("tcp.reset", {}, { leg: "upstream", scope: "new" })).toBe("ECONNRESET, 1");
    expect(await linked.ask()).toBe(ok);
    expect(linked.events.filter(({ event }) => event === "tls.handshake")).toMatchObject([
      { link: "fetch", connection: 1, servername: "localhost", terminated: true, outcome: "done" },
      { outcome: "done" },
      { outcome: "ECONNRESET" },
      { outcome: "ECONNRESET" },
      { outcome: "done" },
      { outcome: "done" },
    ]);
  });

  test("a stranger shows a certificate of his own: to the client, or to the proxy that checks it in its place", async () => {
    const own = createRealHost({
      name: "stranger",
      directory: "/",
      seed: 1,
      identity: { ...(await authority.issue(["stranger.test"])), authority: authority.certificate, issuer: authority },
      log: () => {},
    });
    await using stranger = await serveHttp(own, { ...anywhere, tls: true }, (_request, response) => {
      response.end("stranger");
    });
    const to = formatAddress(stranger.address);
    await using linked = await startLinked({ inner: ["termination", "http", "origination", "upstream"], secure });
    const outcomes: string[] = [];
    for (const leg of ["client", "upstream"]) {
      await using led = await linked.inject("tcp.stranger", { to }, { leg });
      void led;
      outcomes.push(await linked.ask());
    }
    expect(outcomes).toEqual(["ERR_TLS_CERT_ALTNAME_INVALID", "ECONNRESET"]);
    expect(await linked.ask()).toBe(ok);
  });

  test("a link of which no fault ends the TLS leaves it to client and server", async () => {
    await using linked = await startLinked({ inner: ["tls"], secure });
    expect(await linked.ask()).toBe(ok);
    expect(linked.events).toContainEqual({
      event: "tls.handshake",
      link: "fetch",
      connection: 1,
      servername: "localhost",
      alpn: [],
      terminated: false,
      outcome: "passed",
    });
  });
});
