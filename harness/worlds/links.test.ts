/** What a plan says of a fault on a link reaches the link's proxy. */
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { faults } from "../../faults/registry.ts";
import { createRealHost } from "../../host/real.ts";
import { createAuthority } from "../../host/real/certificates.ts";
import type { Happening } from "../history/event.ts";
import { request, serveHttp } from "../../host/http.ts";
import { startLink } from "./links.ts";

const host = createRealHost({ name: "test", directory: "/", seed: 1, log: () => {} });
const anywhere = { host: "127.0.0.1", port: 0 };

test.each([
  [{ every_nth: 2 }, ["ok", "lost", "ok", "lost", "ok"]],
  [{ nth: 3 }, ["ok", "ok", "lost", "ok", "ok"]],
  [{ first: 2 }, ["lost", "lost", "ok", "ok", "ok"]],
])("which connections of a tcp link are meant: %j", async (match, expected) => {
  await using server = await serveHttp(host, anywhere, (_request, response) => void response.end("ok"));
  await using link = await startLink({
    name: "fetch",
    host,
    listen: anywhere,
    server: async () => server.address,
    record: () => {},
  });
  const hits: unknown[] = [];
  await using fault = await link.inject(
    { kind: "tcp.reset", parameters: {}, match, chance: { seed: 1, path: ["test"] } },
    ({ connection }) => void hits.push(connection),
  );
  void fault;
  const outcomes: string[] = [];
  for (const _ of expected)
    outcomes.push(
      await request(host, { address: link.address, headers: { connection: "close" } })
        .then(({ body }) => text(body))
        .catch(() => "lost"),
    );
  expect(outcomes).toEqual(expected);
  expect(hits).toEqual(expected.flatMap((outcome, index) => (outcome === "lost" ? [index + 1] : [])));
});

test("a fault whose leg is upstream acts behind the others, and what it ends the client sees end", async () => {
  await using server = await serveHttp(host, anywhere, (_request, response) => void response.end("ok"));
  const events: unknown[] = [];
  await using link = await startLink({
    name: "fetch",
    host,
    inner: ["upstream"],
    listen: anywhere,
    server: async () => server.address,
    record: (happening) => void events.push(happening),
  });
  const ask = async (): Promise<string> =>
    request(host, { address: link.address, headers: { connection: "close" } })
      .then(({ body }) => text(body))
      .catch(() => "lost");
  const hits: unknown[] = [];
  const injection = { kind: "tcp.reset", parameters: {}, chance: { seed: 1, path: ["test"] } };
  {
    await using fault = await link.inject({ ...injection, match: { leg: "upstream" } }, (hit) => void hits.push(hit));
    void fault;
    expect([await ask(), hits.length]).toEqual(["lost", 1]);
  }
  expect(await ask()).toBe("ok");
  // The link's connections are its client's: each is told of once.
  expect(events.filter((event) => (event as { event: string }).event === "connection.open")).toHaveLength(2);
});

test("a link that was started without a proxy for a fault says so", async () => {
  await using link = await startLink({
    name: "fetch",
    host,
    listen: anywhere,
    server: async () => anywhere,
    record: () => {},
  });
  const injection = { kind: "tcp.reset", parameters: {}, match: { leg: "upstream" }, chance: { seed: 1, path: [] } };
  await expect(link.inject(injection, () => {})).rejects.toThrow("fetch: there is no proxy for tcp.reset (upstream)");
});

test("a fault of HTTP acts on the requests that are meant, and what was asked is in the history", async () => {
  await using server = await serveHttp(host, anywhere, (_request, response) => void response.end("ok"));
  const events: unknown[] = [];
  await using link = await startLink({
    name: "fetch",
    host,
    inner: ["http", "upstream"],
    listen: anywhere,
    server: async () => server.address,
    record: (happening) => void events.push(happening),
  });
  const hits: unknown[] = [];
  const injection = { kind: "http.status", parameters: { code: 503, when: "before" }, chance: { seed: 1, path: [] } };
  const match = { match: { path: "/b" }, every_nth: 2 };
  await using fault = await link.inject({ ...injection, match }, (hit) => void hits.push(hit));
  void fault;
  const statuses: number[] = [];
  for (const path of ["/b", "/a", "/b", "/b"]) {
    const { status, body } = await request(host, { address: link.address, path, headers: { connection: "close" } });
    statuses.push(status);
    await text(body);
  }
  expect(statuses).toEqual([200, 200, 503, 200]);
  expect(hits).toEqual([{ connection: 3, request: 1, method: "GET", path: "/b" }]);
  const asked = { link: "fetch", connection: 3, request: 1, method: "GET", path: "/b" };
  expect(events).toContainEqual({ event: "http.request", ...asked });
  expect(events).toContainEqual({ event: "http.reply", ...asked, status: 503, bytes: 4 });
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
  const injected = { match: {}, chance: { seed: 1, path: ["test"] } };

  test("each plane of a whole chain has its faults, one within the other", async () => {
    await using server = await serveHttp(
      secure,
      { ...anywhere, tls: true },
      (_request, response) => void response.end("ok"),
    );
    const events: Happening[] = [];
    await using link = await startLink({
      name: "fetch",
      host: secure,
      inner: ["termination", "http", "origination", "upstream"],
      listen: anywhere,
      server: async () => server.address,
      names: ["localhost"],
      record: (happening) => events.push(happening),
    });
    const ask = async (): Promise<string> => {
      const url = `https://localhost:${link.address.port}/`;
      return request(secure, { url, headers: { connection: "close" } })
        .then(async ({ status, body }) => `${status} ${await text(body)}`)
        .catch((error: NodeJS.ErrnoException) => error.code ?? error.message);
    };
    const during = async (kind: string, parameters: object, match: object = {}): Promise<string> => {
      const hits: unknown[] = [];
      await using fault = await link.inject(
        { ...injected, kind, parameters: { ...faults.get(kind)?.parameters.parse(parameters) }, match: { ...match } },
        (hit) => hits.push(hit),
      );
      void fault;
      return `${await ask()}, ${hits.length}`;
    };
    expect(await ask()).toBe("200 ok");
    expect(await during("http.status", { code: 503 })).toMatch(/^503 .*, 1$/s);
    expect(await during("tls.expired", {})).toBe("CERT_HAS_EXPIRED, 1");
    expect(await during("tls.handshake-cut", { by: "rst" })).toBe("ECONNRESET, 1");
    expect(await during("tcp.reset", {}, { scope: "new" })).toBe("ECONNRESET, 1");
    expect(await during("tcp.reset", {}, { leg: "upstream", scope: "new" })).toBe("ECONNRESET, 1");
    expect(await ask()).toBe("200 ok");
    expect(events.filter(({ event }) => event === "tls.handshake")).toMatchObject([
      { link: "fetch", connection: 1, servername: "localhost", terminated: true, outcome: "done" },
      { outcome: "done" },
      { outcome: "ECONNRESET" },
      { outcome: "ECONNRESET" },
      { outcome: "done" },
      { outcome: "done" },
    ]);
  });

  test("a link of which no fault ends the TLS leaves it to client and server", async () => {
    await using server = await serveHttp(
      secure,
      { ...anywhere, tls: true },
      (_request, response) => void response.end("ok"),
    );
    const events: Happening[] = [];
    await using link = await startLink({
      name: "fetch",
      host: secure,
      inner: ["tls"],
      listen: anywhere,
      server: async () => server.address,
      names: ["localhost"],
      record: (happening) => events.push(happening),
    });
    const { body } = await request(secure, { url: `https://localhost:${link.address.port}/` });
    expect(await text(body)).toBe("ok");
    expect(events).toContainEqual({
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
