/** What answers or ends in place of the server, and what a client is told instead of its word. */
import { describe, expect, test } from "vitest";
import { ask, get, ok, replyOf, startFaulty, startProxied } from "./http.testing.ts";

describe("http.status", () => {
  test("in place of the server, and lifted", async () => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    {
      await using fault = proxied.inject("http.status", { code: 503, retry_after: "1500ms" });
      void fault;
      client.say(get);
      await expect(client).toHear(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nRetry-After: 2\r\n\r\n503\n",
      );
    }
    await ask(client, server);
    await expect(client).toHear(ok);
    expect(proxied.hits).toEqual([{ kind: "http.status", connection: 1, request: 1, method: "GET", path: "/" }]);
    expect(proxied.events).toContainEqual(expect.objectContaining({ type: "reply", status: 503, bytes: 4 }));
  });

  test("behind the server, whose body comes along", async () => {
    await using proxied = await startFaulty("http.status", { code: 500, when: "after" });
    const { client, server } = proxied;
    await ask(client, server);
    await expect(client).toHear("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nok");
  });

  test("below 200 goes ahead of the server's own", async () => {
    await using proxied = await startFaulty("http.status", { code: 102 });
    const { client, server } = proxied;
    await ask(client, server);
    await expect(client).toHear(`HTTP/1.1 102 Processing\r\n\r\n${ok}`);
  });

  test("below 200 is nothing for a client of HTTP/1.0", async () => {
    await using proxied = await startFaulty("http.status", { code: 102 });
    const { client, server } = proxied;
    await ask(client, server, ok, "GET / HTTP/1.0\r\n\r\n");
    await expect(client).toHear(ok);
    expect(proxied.hits).toEqual([]);
  });

  test("204 with a body leaves that body before the next reply", async () => {
    await using proxied = await startFaulty("http.status", { code: 204 });
    const { client } = proxied;
    client.say(get);
    await expect(client).toHear(
      "HTTP/1.1 204 No Content\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n204\n",
    );
  });

  test.each([204, 304])("%i behind the server, whose body comes along all the same", async (code) => {
    await using proxied = await startFaulty("http.status", { code, when: "after" });
    const { client, server } = proxied;
    await ask(client, server);
    expect(await client.hearsUntil("\r\n\r\n")).toContain("Content-Length: 2\r\n");
    await expect(client).toHear("ok");
    expect(proxied.events).toContainEqual(expect.objectContaining({ type: "reply", status: code, bytes: 2 }));
  });

  test("of one that answers by itself a server is not needed", async () => {
    await using proxied = await startProxied();
    proxied.inject("http.status", { code: 503 });
    await proxied.closeServer();
    const client = await proxied.dial();
    client.say(get + get);
    expect(await client.hearsUntil("503\n")).toContain("503 Service Unavailable");
    expect(await client.hearsUntil("503\n")).toContain("503 Service Unavailable");
  });
});

test("a client that waits for a fault to answer, and not for a server, ends as it likes", async () => {
  await using proxied = await startProxied();
  proxied.inject("http.status", { code: 503 }, { nth: 2 });
  await proxied.closeServer();
  const client = await proxied.dial();
  client.socket.end();
  expect(await client.ends()).toEqual({ rest: "", by: "FIN" });
  const other = await proxied.dial();
  other.say(get);
  expect(await other.ends()).toEqual({ rest: "", by: "RST" });
});

const asking = (version: string, ...headers: readonly string[]): string =>
  `GET /a HTTP/${version}\r\nHost: a\r\n${headers.map((header) => `${header}\r\n`).join("")}\r\n`;

describe("a reply that is made up keeps to what its request says of the connection", () => {
  const made = ["http.status", "http.redirect-loop", "http.captive-portal"] as const;

  test.each(
    made.flatMap((kind) => [
      [kind, asking("1.0")] as const,
      [kind, asking("1.1", "Connection: close")] as const,
      [kind, asking("1.1", "connection: TE, Close")] as const,
      [kind, asking("1.0", "Connection: keep-alive", "Connection: close")] as const,
    ]),
  )("%s ends it behind %j", async (kind, request) => {
    await using proxied = await startFaulty(kind, kind === "http.status" ? { code: 503 } : {});
    const { client } = proxied;
    client.say(request);
    const { rest, by } = await client.ends();
    expect(rest).toMatch(/^HTTP\/1\.1 \d{3} [^]*\r\nConnection: close\r\n/);
    expect(by).toBe("FIN");
  });

  test.each([
    [asking("1.1"), undefined],
    [asking("1.1", "Connection: keep-alive"), undefined],
    [asking("1.0", "Connection: Keep-Alive"), "keep-alive"],
  ])("and leaves it open behind %j", async (request, said) => {
    await using proxied = await startFaulty("http.status", { code: 503 });
    const { client } = proxied;
    for (let n = 0; n < 2; n += 1) {
      client.say(request);
      const head = await client.hearsUntil("\r\n\r\n");
      expect(/^Connection: (.*)$/im.exec(head)?.[1]).toBe(said);
      await expect(client).toHear("503\n");
    }
  });

  test("a request whose body is not waited for ends it, too", async () => {
    await using proxied = await startFaulty("http.status", { code: 503 });
    const { client } = proxied;
    client.say("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    const { rest, by } = await client.ends();
    expect(rest).toContain("\r\nConnection: close\r\n");
    expect(by).toBe("FIN");
  });

  test("and not to what another client was told when it was kept", async () => {
    await using proxied = await startFaulty("http.stale-cache");
    const { client: first, server } = proxied;
    await ask(first, server, replyOf("old", "Connection: close"));
    await first.hearsUntil("old");
    const client = await proxied.dial();
    client.say(get);
    await expect(client).toHear(replyOf("old"));
    client.say(get.replace("1.1", "1.0"));
    const { rest, by } = await client.ends();
    expect(rest).toContain("\r\nConnection: close\r\n");
    expect(rest).toMatch(/old$/);
    expect(by).toBe("FIN");
  });
});

describe("http.abort", () => {
  test.each([
    ["reset", "RST"],
    ["close", "FIN"],
  ] as const)("before: the server has never heard of it (%s)", async (how, by) => {
    await using proxied = await startFaulty("http.abort", { when: "before", how });
    const { client, server } = proxied;
    client.say(get);
    expect(await client.ends()).toEqual({ rest: "", by });
    client.socket.destroy();
    expect(await server.ends()).toEqual({ rest: "", by });
  });

  test.each([
    ["reset", "RST"],
    ["close", "FIN"],
  ] as const)("after: done, but the answer was lost (%s)", async (how, by) => {
    await using proxied = await startFaulty("http.abort", { when: "after", how });
    const { client, server } = proxied;
    await ask(client, server);
    expect(await client.ends()).toEqual({ rest: "", by });
    expect(proxied.hits).toHaveLength(1);
  });
});

test("http.redirect-loop leads in a circle", async () => {
  await using proxied = await startFaulty("http.redirect-loop", { length: 3, code: 307 });
  const { client } = proxied;
  const seen: string[] = [];
  let url = "/a?b";
  for (let n = 0; n < 6; n += 1) {
    client.say(`GET ${url} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const head = await client.hearsUntil("\r\n\r\n");
    expect(head).toContain("307 Temporary Redirect");
    url = /Location: (.*)\r\n/.exec(head)?.[1] ?? "";
    seen.push(url);
  }
  expect(seen.slice(0, 3)).toEqual(["/a?b&redirected=1", "/a?b&redirected=2", "/a?b"]);
  expect(seen.slice(3)).toEqual(seen.slice(0, 3));
});

test("http.captive-portal: a page for people, with status 200", async () => {
  await using proxied = await startProxied();
  const { client } = await proxied.connect();
  const fault = proxied.inject("http.captive-portal");
  client.say(get);
  expect(await client.hearsUntil("</html>\n")).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: text\/html.*log in/s);
  await fault[Symbol.asyncDispose]();
  proxied.inject("http.captive-portal", { status: 302, url: "http://login.test/" });
  client.say(get);
  expect(await client.hearsUntil("\r\n\r\n")).toMatch(/302 Found\r\nLocation: http:\/\/login\.test\/\r\n/);
});
