/** What is in a message, what its headers say of it, and how its end is told. */
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ask, ok, replyOf, startFaulty, startProxied } from "./http.testing.ts";

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
    await using proxied = await startFaulty("http.truncate", { after: "4B", framing });
    const { client, server } = proxied;
    await ask(client, server, said);
    expect(await client.ends()).toEqual({ rest: heard, by: "FIN" });
    expect(proxied.hits).toHaveLength(1);
  });

  test("content-length-short: the rest is there before the next reply", async () => {
    await using proxied = await startFaulty(
      "http.truncate",
      { after: "4B", framing: "content-length-short" },
      { first: 1 },
    );
    const { client, server } = proxied;
    await ask(client, server, replyOf("abcdef"));
    await expect(client).toHear("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcdef");
    await ask(client, server);
    await expect(client).toHear(ok);
  });

  test("a body that is shorter is not cut, and that is no hit", async () => {
    await using proxied = await startFaulty("http.truncate", { after: "4B", framing: "close" });
    const { client, server } = proxied;
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
    await using proxied = await startFaulty("http.header", parameters);
    const { client, server } = proxied;
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
    await using proxied = await startFaulty("http.header", { name: "authorization", action: "remove", of: "request" });
    const { client, server } = proxied;
    client.say("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\n\r\n");
    expect(await server.hearsUntil("\r\n\r\n")).not.toContain("uthorization");
  });
});

test("http.wrong-type changes the type, and nothing else", async () => {
  await using proxied = await startFaulty("http.wrong-type", { type: "image/png" });
  const { client, server } = proxied;
  await ask(client, server, replyOf("<a/>", "Content-Type: text/xml"));
  await expect(client).toHear(replyOf("<a/>", "Content-Type: image/png"));
});

test.each([
  ["not-compressed", "gzip", (body: Buffer) => body.toString()],
  ["not-said", undefined, (body: Buffer) => gunzipSync(body).toString()],
  ["half", "gzip", (body: Buffer) => (body.length > 2 && body[0] === 0x1f ? "half" : "")],
] as const)("http.gzip-lie: %s", async (lie, coding, read) => {
  await using proxied = await startFaulty("http.gzip-lie", { lie });
  const { client, server } = proxied;
  await ask(client, server, replyOf("half"));
  const head = await client.hearsUntil("\r\n\r\n");
  expect(/content-encoding: (\w+)/i.exec(head)?.[1]).toBe(coding);
  const body = await client.hearsBytes(Number(/content-length: (\d+)/i.exec(head)?.[1]));
  expect(read(Buffer.from(body, "latin1"))).toBe("half");
});

const post = (...headers: readonly string[]): string => `POST / HTTP/1.1\r\nHost: a\r\n${headers.join("\r\n")}\r\n\r\n`;

describe("http.body", () => {
  test("something else in a document, which is framed anew", async () => {
    await using proxied = await startFaulty("http.body", { path: "/slices/slice[2]", action: "remove" });
    const { client, server } = proxied;
    await ask(client, server, replyOf("<slices><slice a='1'/> <slice a='2'/></slices>"));
    await expect(client).toHear(replyOf("<slices><slice a='1'/> </slices>"));
    await ask(client, server, replyOf("no document"));
    await expect(client).toHear(replyOf("no document"));
    expect(proxied.hits.map(({ request }) => request)).toEqual([1]);
  });

  const order = '{"id":1,"price":10}';
  const cheap = '{"id":1,"price":0}';
  const price = { path: "/price", value: "0", of: "request" };

  test("of a request: the server gets another document, framed by its length", async () => {
    await using proxied = await startFaulty("http.body", price);
    const { client, server } = proxied;
    client.say(post("Content-Length: 19") + order);
    expect(await server.hearsUntil(cheap)).toContain("Content-Length: 18\r\n");
    server.say(replyOf(order));
    await expect(client).toHear(replyOf(order));
    client.say(post("Content-Length: 11") + "no document");
    await server.hearsUntil("\r\n\r\nno document");
    server.say(ok);
    await expect(client).toHear(ok);
    expect(proxied.hits.map(({ request }) => request)).toEqual([1]);
  });

  test("of a request in chunks: it stays in chunks, and what comes behind it as well", async () => {
    await using proxied = await startFaulty("http.body", price);
    const { client, server } = proxied;
    client.say(post("Transfer-Encoding: chunked"));
    client.say(`5\r\n${order.slice(0, 5)}\r\ne\r\n${order.slice(5)}\r\n0\r\nX-Sum: 1\r\n\r\n`);
    expect(await server.hearsUntil("0\r\nX-Sum: 1\r\n\r\n")).toContain(`\r\n\r\n12\r\n${cheap}\r\n`);
  });

  test("of a request that waits to be asked for its body: it is asked", async () => {
    await using proxied = await startFaulty("http.body", price);
    const { client, server } = proxied;
    client.say(post("Content-Length: 19", "Expect: 100-continue"));
    await expect(client).toHear("HTTP/1.1 100 Continue\r\n\r\n");
    client.say(order);
    expect(await server.hearsUntil(cheap)).not.toContain("Expect");
  });

  test("of a request that is too large: it passes as it is", async () => {
    await using proxied = await startFaulty("http.body", price);
    const { client, server } = proxied;
    const large = order.replace("1,", `1,"note":"${"x".repeat(1024 * 1024)}",`);
    client.say(post(`Content-Length: ${large.length}`) + large);
    await server.hearsUntil(`\r\n\r\n${large}`);
    server.say(ok);
    await expect(client).toHear(ok);
    expect(proxied.hits).toEqual([]);
  });

  test("of a request that the server gets twice: both times", async () => {
    await using proxied = await startFaulty("http.body", price);
    const { client, server } = proxied;
    proxied.inject("http.duplicate-request");
    client.say(post("Content-Length: 19") + order);
    await server.hearsUntil(cheap);
    server.say(ok);
    const again = await proxied.accept();
    expect(await again.hearsUntil(cheap)).toContain("Content-Length: 18\r\n");
    again.say(ok);
    await expect(client).toHear(ok);
  });

  test("of a request that is said to be left alone: nothing is kept back", async () => {
    await using proxied = await startFaulty("http.body", price, { nth: 2 });
    const { client, server } = proxied;
    client.say(post("Content-Length: 19", "Expect: 100-continue"));
    expect(await server.hearsUntil("\r\n\r\n")).toContain("Expect: 100-continue");
    server.say("HTTP/1.1 100 Continue\r\n\r\n");
    await expect(client).toHear("HTTP/1.1 100 Continue\r\n\r\n");
  });
});
