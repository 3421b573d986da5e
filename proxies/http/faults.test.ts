/** What clients and servers meet of each fault. */
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { startProxied, type Peer } from "./http.testing.ts";

const get = "GET / HTTP/1.1\r\nHost: plc.test\r\n\r\n";
const ok = replyOf("ok");

function replyOf(body: string, ...headers: readonly string[]): string {
  const lines = headers.map((line) => `${line}\r\n`).join("");
  return `HTTP/1.1 200 OK\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** One request and the server's reply to it, as the client hears that. */
async function ask(client: Peer, server: Peer, reply = ok, request = get): Promise<void> {
  client.say(request);
  await server.hearsUntil("\r\n\r\n");
  server.say(reply);
}

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
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    proxied.inject("http.status", { code: 500, when: "after" });
    await ask(client, server);
    await expect(client).toHear("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nok");
  });

  test("below 200 goes ahead of the server's own", async () => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    proxied.inject("http.status", { code: 102 });
    await ask(client, server);
    await expect(client).toHear(`HTTP/1.1 102 Processing\r\n\r\n${ok}`);
  });

  test("204 with a body leaves that body before the next reply", async () => {
    await using proxied = await startProxied();
    const { client } = await proxied.connect();
    proxied.inject("http.status", { code: 204 });
    client.say(get);
    await expect(client).toHear(
      "HTTP/1.1 204 No Content\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n204\n",
    );
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

describe("http.abort", () => {
  test.each([
    ["reset", "RST"],
    ["close", "FIN"],
  ] as const)("before: the server has never heard of it (%s)", async (how, by) => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    proxied.inject("http.abort", { when: "before", how });
    client.say(get);
    expect(await client.ends()).toEqual({ rest: "", by });
    client.socket.destroy();
    expect(await server.ends()).toEqual({ rest: "", by });
  });

  test.each([
    ["reset", "RST"],
    ["close", "FIN"],
  ] as const)("after: done, but the answer was lost (%s)", async (how, by) => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    proxied.inject("http.abort", { when: "after", how });
    await ask(client, server);
    expect(await client.ends()).toEqual({ rest: "", by });
    expect(proxied.hits).toHaveLength(1);
  });
});

describe("http.duplicate-request", () => {
  const post = "POST /pay HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";

  test("the server gets it twice, and the client the first reply", async () => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    proxied.inject("http.duplicate-request");
    client.say(post);
    client.say("1000");
    await server.hearsUntil("\r\n\r\n1000");
    server.say(replyOf("first"));
    await expect(client).toHear(replyOf("first"));
    const again = await proxied.accept();
    await expect(again).toHear("POST /pay HTTP/1.1\r\n");
    await again.hearsUntil("\r\n\r\n1000");
    again.say(replyOf("second"));
    await again.ends();
    await ask(client, server, ok, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    await expect(client).toHear(ok);
    expect(proxied.hits.map(({ path }) => path)).toEqual(["/pay"]);
  });

  test("also if its client is gone by then", async () => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    proxied.inject("http.duplicate-request", { times: 3 });
    client.say("GET /once HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await server.hearsUntil("\r\n\r\n");
    server.say(ok);
    server.socket.end();
    await expect(client).toHear(ok);
    client.socket.destroy();
    for (let n = 2; n <= 3; n += 1) {
      const again = await proxied.accept();
      expect(await again.hearsUntil("\r\n\r\n")).toContain("GET /once ");
      again.say(ok);
      await again.ends();
    }
  });

  test("or the last, as a retry brings it; a body that is waited for is asked for", async () => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    proxied.inject("http.duplicate-request", { reply: "last" });
    client.say(post.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n"));
    await expect(client).toHear("HTTP/1.1 100 Continue\r\n\r\n");
    client.say("1000");
    const first = await proxied.accept();
    expect(await first.hearsUntil("\r\n\r\n1000")).not.toContain("Expect");
    first.say(replyOf("first"));
    await server.hearsUntil("\r\n\r\n1000");
    server.say(replyOf("last!"));
    await expect(client).toHear(replyOf("last!"));
  });
});

test("http.replay-old-reply: the reply to the request before", async () => {
  await using proxied = await startProxied();
  const { client, server } = await proxied.connect();
  proxied.inject("http.replay-old-reply", {}, { everyNth: 2 });
  const heard: string[] = [];
  for (const body of ["one", "two", "three", "four"]) {
    await ask(client, server, replyOf(body), `GET /${body} HTTP/1.1\r\nHost: a\r\n\r\n`);
    heard.push((await client.hearsUntil("\r\n\r\n")) && (await client.hearsBytes(body === "four" ? 5 : 3)));
    if (heard.at(-1) === "thr") heard[2] += await client.hearsBytes(2);
  }
  expect(heard).toEqual(["one", "one", "three", "three"]);
  expect(proxied.hits.map(({ path }) => path)).toEqual(["/two", "/four"]);
});

test("http.stale-cache: the first reply to a URL is all that there ever is", async () => {
  await using proxied = await startProxied();
  const { client, server } = await proxied.connect();
  proxied.inject("http.stale-cache", { age: "90s" });
  await ask(client, server, replyOf("old", "ETag: 1"));
  await expect(client).toHear(replyOf("old", "ETag: 1"));
  const other = await proxied.connect();
  other.client.say(get);
  await expect(other.client).toHear("HTTP/1.1 200 OK\r\nETag: 1\r\nContent-Length: 3\r\nAge: 90\r\n\r\nold");
  other.client.say(get.replace("GET", "HEAD"));
  await expect(other.client).toHear("HTTP/1.1 200 OK\r\nETag: 1\r\nContent-Length: 3\r\nAge: 90\r\n\r\n");
  await ask(other.client, other.server, ok, get.replace("/", "/else"));
  await expect(other.client).toHear(ok);
  await ask(client, server, ok, "POST / HTTP/1.1\r\nHost: plc.test\r\nContent-Length: 0\r\n\r\n");
  await expect(client).toHear(ok);
});

describe("http.drip", () => {
  test("the head at once, the body bit by bit, and the rest when it is lifted", async () => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    const body = "x".repeat(100_000);
    const fault = proxied.inject("http.drip", { rate: "20B/s" });
    await ask(client, server, replyOf(body));
    await client.hearsUntil("\r\n\r\n");
    expect(await client.hearsBytes(2)).toBe("xx");
    expect(proxied.hits).toHaveLength(1);
    await fault[Symbol.asyncDispose]();
    expect(await client.hearsBytes(body.length - 2)).toBe(body.slice(2));
  });
});

describe("http.truncate", () => {
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n";

  test.each([
    ["content-length-long", replyOf("abcdef"), "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcd"],
    ["chunked", replyOf("abcdef"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n"],
    ["close", replyOf("abcdef"), "HTTP/1.1 200 OK\r\n\r\nabcd"],
    ["chunked", chunked, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n"],
    ["close", chunked, "HTTP/1.1 200 OK\r\n\r\nabcd"],
    ["content-length-long", chunked, "HTTP/1.1 200 OK\r\nContent-Length: 1048580\r\n\r\nabcd"],
  ])("%s: %j", async (framing, said, heard) => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    proxied.inject("http.truncate", { after: "4B", framing });
    await ask(client, server, said);
    expect(await client.ends()).toEqual({ rest: heard, by: "FIN" });
    expect(proxied.hits).toHaveLength(1);
  });

  test("content-length-short: the rest is there before the next reply", async () => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    proxied.inject("http.truncate", { after: "4B", framing: "content-length-short" }, { first: 1 });
    await ask(client, server, replyOf("abcdef"));
    await expect(client).toHear("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcdef");
    await ask(client, server);
    await expect(client).toHear(ok);
  });

  test("a body that is shorter is not cut, and that is no hit", async () => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    proxied.inject("http.truncate", { after: "4B", framing: "close" });
    await ask(client, server);
    await expect(client).toHear(ok);
    expect(proxied.hits).toEqual([]);
  });
});

describe("http.header", () => {
  test.each([
    [{ name: "etag", action: "remove" }, "HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 2\r\n\r\nok"],
    [{ name: "x", action: "set", value: "2" }, "HTTP/1.1 200 OK\r\nX: 2\r\nETag: a\r\nContent-Length: 2\r\n\r\nok"],
    [
      { name: "Y", action: "set", value: "2" },
      "HTTP/1.1 200 OK\r\nX: 1\r\nETag: a\r\nContent-Length: 2\r\nY: 2\r\n\r\nok",
    ],
    [{ name: "x", action: "duplicate" }, "HTTP/1.1 200 OK\r\nX: 1\r\nETag: a\r\nContent-Length: 2\r\nx: 1\r\n\r\nok"],
    [
      { name: "content-length", action: "duplicate", value: "9" },
      "HTTP/1.1 200 OK\r\nX: 1\r\nETag: a\r\nContent-Length: 2\r\ncontent-length: 9\r\n\r\nok",
    ],
  ])("of a reply: %j", async (parameters, heard) => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    proxied.inject("http.header", parameters);
    await ask(client, server, replyOf("ok", "X: 1", "ETag: a"));
    await expect(client).toHear(heard);
    expect(proxied.hits).toHaveLength(1);
  });

  test("a body whose length is gone ends with the connection, and one that falls short of it, too", async () => {
    await using proxied = await startProxied();
    for (const [parameters, heard] of [
      [{ name: "content-length", action: "remove" }, "HTTP/1.1 200 OK\r\n\r\nok"],
      [{ name: "content-length", action: "set", value: "10" }, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok"],
    ] as const) {
      await using fault = proxied.inject("http.header", parameters);
      void fault;
      const { client, server } = await proxied.connect();
      await ask(client, server);
      expect(await client.ends()).toEqual({ rest: heard, by: "FIN" });
    }
  });

  test("of a request", async () => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    proxied.inject("http.header", { name: "authorization", action: "remove", of: "request" });
    client.say("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\n\r\n");
    expect(await server.hearsUntil("\r\n\r\n")).not.toContain("uthorization");
  });
});

test("http.redirect-loop leads in a circle", async () => {
  await using proxied = await startProxied();
  const { client } = await proxied.connect();
  proxied.inject("http.redirect-loop", { length: 3, code: 307 });
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

test("http.wrong-type changes the type, and nothing else", async () => {
  await using proxied = await startProxied();
  const { client, server } = await proxied.connect();
  proxied.inject("http.wrong-type", { type: "image/png" });
  await ask(client, server, replyOf("<a/>", "Content-Type: text/xml"));
  await expect(client).toHear(replyOf("<a/>", "Content-Type: image/png"));
});

test.each([
  ["not-compressed", "gzip", (body: Buffer) => body.toString()],
  ["not-said", undefined, (body: Buffer) => gunzipSync(body).toString()],
  ["half", "gzip", (body: Buffer) => (body.length > 2 && body[0] === 0x1f ? "half" : "")],
] as const)("http.gzip-lie: %s", async (lie, coding, read) => {
  await using proxied = await startProxied();
  const { client, server } = await proxied.connect();
  proxied.inject("http.gzip-lie", { lie });
  await ask(client, server, replyOf("half"));
  const head = await client.hearsUntil("\r\n\r\n");
  expect(/content-encoding: (\w+)/i.exec(head)?.[1]).toBe(coding);
  const body = await client.hearsBytes(Number(/content-length: (\d+)/i.exec(head)?.[1]));
  expect(read(Buffer.from(body, "latin1"))).toBe("half");
});

describe("http.reorder", () => {
  test("a reply waits until another has passed it", async () => {
    await using proxied = await startProxied();
    const one = await proxied.connect();
    const other = await proxied.connect();
    proxied.inject("http.reorder", { longest: "1h" }, { first: 1 });
    await ask(one.client, one.server, replyOf("one"));
    one.server.socket.end();
    await ask(other.client, other.server, replyOf("other"));
    await expect(other.client).toHear(replyOf("other"));
    await expect(one.client).toHear(replyOf("one"));
    expect(proxied.hits.map(({ connection }) => connection)).toEqual([1]);
    expect(proxied.events.flatMap((event) => (event.type === "reply" ? [event.connection] : []))).toEqual([2, 1]);
  });

  test("goes on in time, or when it is lifted, if there is no other; then nothing was hit", async () => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    const short = proxied.inject("http.reorder", { longest: "1ms" });
    await ask(client, server);
    await expect(client).toHear(ok);
    await short[Symbol.asyncDispose]();
    const long = proxied.inject("http.reorder", { longest: "1h" });
    await ask(client, server);
    await long[Symbol.asyncDispose]();
    await expect(client).toHear(ok);
    expect(proxied.hits).toEqual([]);
  });
});

describe("http.body", () => {
  test("something else in a document, which is framed anew", async () => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    proxied.inject("http.body", { path: "/slices/slice[2]", action: "remove" });
    await ask(client, server, replyOf("<slices><slice a='1'/> <slice a='2'/></slices>"));
    await expect(client).toHear(replyOf("<slices><slice a='1'/> </slices>"));
    await ask(client, server, replyOf("no document"));
    await expect(client).toHear(replyOf("no document"));
    expect(proxied.hits.map(({ request }) => request)).toEqual([1]);
  });
});

describe("faults together", () => {
  test("are asked in the order of their injection, and see what those before have made", async () => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    proxied.inject("http.header", { name: "a", action: "set", value: "1" });
    proxied.inject("http.captive-portal");
    proxied.inject("http.status", { code: 418, when: "after" });
    proxied.inject("http.abort", { when: "before" });
    client.say(get);
    const heard = await client.hearsUntil("</html>\n");
    expect(heard).toContain("HTTP/1.1 418 ");
    expect(heard).not.toContain("a: 1");
    expect(proxied.hits.map(({ kind }) => kind)).toEqual(["http.captive-portal", "http.status"]);
    void server;
  });

  test("one that comes while a request is under way acts on its reply", async () => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    client.say(get);
    await server.hearsUntil("\r\n\r\n");
    proxied.inject("http.abort", { when: "after" });
    server.say(ok);
    expect((await client.ends()).by).toBe("RST");
  });
});

async function answerAll(server: Peer): Promise<void> {
  for (;;) {
    const asked = await server.hearsUntil("\r\n\r\n").catch(() => undefined);
    if (asked === undefined) return;
    server.say(ok);
  }
}

const gets = (count: number): readonly string[] => Array.from({ length: count }, () => get);

const call = (method: string): string => {
  const body = `<?xml version="1.0"?><!-- a --><methodCall><methodName>${method}</methodName></methodCall>`;
  return `POST /RPC2 HTTP/1.1\r\nHost: plc.test:8080\r\nUser-Agent: curl/8\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};

async function lostOf(selection: object, requests: readonly string[]): Promise<readonly number[]> {
  await using proxied = await startProxied();
  proxied.inject("http.status", { code: 503 }, selection);
  const { client, server } = await proxied.connect();
  void answerAll(server);
  const lost: number[] = [];
  for (const [n, request] of requests.entries()) {
    client.say(request);
    const isLost = (await client.hearsUntil("\r\n\r\n")).includes("503");
    if (isLost) lost.push(n + 1);
    await client.hearsUntil(isLost ? "503\n" : "ok");
  }
  return lost;
}

describe("which requests", () => {
  test.each([
    [{ first: 2 }, [1, 2]],
    [{ nth: 3 }, [3]],
    [{ everyNth: 2 }, [2, 4]],
    [{ probability: 0 }, []],
  ])("%j", async (selection, expected) => {
    expect(await lostOf(selection, gets(4))).toEqual(expected);
  });

  test("ordinals count those that match", async () => {
    const requests = ["/a", "/b", "/a", "/a"].map((path) => get.replace("/", path));
    expect(await lostOf({ nth: 2, match: { path: "/a" } }, requests)).toEqual([3]);
  });

  test.each([
    [{ method: "POST" }, [2, 3]],
    [{ path: "/RPC2" }, [2, 3]],
    [{ path: "/*" }, [1, 2, 3]],
    [{ host: "plc.test" }, [1, 2, 3]],
    [{ host: "*.test:8080" }, [2, 3]],
    [{ header: { "user-agent": "curl/*" } }, [2, 3]],
    [{ xml_rpc_method: "ping" }, [2]],
    [{ xml_rpc_method: "*u*" }, [3]],
    [{ method: "GET", xml_rpc_method: "*" }, []],
  ])("match: %j", async (match, expected) => {
    expect(await lostOf({ match }, [get, call("ping"), call("run")])).toEqual(expected);
  });

  test("scope: new leaves connections alone that were there before", async () => {
    await using proxied = await startProxied();
    const old = await proxied.connect();
    proxied.inject("http.status", { code: 503 }, { scope: "new" });
    await ask(old.client, old.server);
    await expect(old.client).toHear(ok);
    const young = await proxied.connect();
    young.client.say(get);
    await expect(young.client).toHear("HTTP/1.1 503 ");
  });
});
