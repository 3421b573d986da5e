/** Requests that are made again, replies that were there before, and those that others overtake. */
import { describe, expect, test } from "vitest";
import { ask, get, ok, replyOf, startFaulty, startProxied } from "./http.testing.ts";

describe("http.duplicate-request", () => {
  const post = "POST /pay HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";

  test("the server gets it twice, and the client the first reply", async () => {
    await using proxied = await startFaulty("http.duplicate-request");
    const { client, server } = proxied;
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
    await using proxied = await startFaulty("http.duplicate-request", { times: 3 });
    const { client, server } = proxied;
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
    await using proxied = await startFaulty("http.duplicate-request", { reply: "last" });
    const { client, server } = proxied;
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
  await using proxied = await startFaulty("http.replay-old-reply", {}, { everyNth: 2 });
  const { client, server } = proxied;
  const heard: string[] = [];
  for (const body of ["one", "two", "three", "four"]) {
    await ask(client, server, replyOf(body), `GET /${body} HTTP/1.1\r\nHost: a\r\n\r\n`);
    heard.push((await client.hearsUntil("\r\n\r\n")) && (await client.hearsBytes(body === "four" ? 5 : 3)));
    if (heard.at(-1) === "thr") heard[2] += await client.hearsBytes(2);
  }
  expect(heard).toEqual(["one", "one", "three", "three"]);
  expect(proxied.hits.map(({ path }) => path)).toEqual(["/two", "/four"]);
});

test.each([204, 304])(
  "http.replay-old-reply: in the place of a %i, which has no body, and the connection goes on",
  async (status) => {
    await using proxied = await startFaulty("http.replay-old-reply", {}, { nth: 2 });
    const { client, server } = proxied;
    await ask(client, server, replyOf("old"));
    await expect(client).toHear(replyOf("old"));
    await ask(client, server, `HTTP/1.1 ${status} Nothing\r\n\r\n`);
    await expect(client).toHear(replyOf("old"));
    await ask(client, server, replyOf("new"));
    await expect(client).toHear(replyOf("new"));
  },
);

const chunked = (body: string, trailer: string): string =>
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n${body}\r\n0\r\n${trailer}\r\n\r\n`;

test("http.replay-old-reply: trailers are those of the old reply", async () => {
  await using proxied = await startFaulty("http.replay-old-reply", {}, { nth: 2 });
  const { client, server } = proxied;
  for (const request of [1, 2]) {
    await ask(client, server, request === 1 ? chunked("old", "X-Sum: 1") : chunked("new", "X-Sum: 2"));
    await expect(client).toHear(chunked("old", "X-Sum: 1"));
  }
});

test.each(["http.replay-old-reply", "http.stale-cache"])(
  "%s: what is kept for later streams, and is not there before all of it has come",
  async (kind) => {
    await using proxied = await startFaulty(kind);
    const { client, server } = proxied;
    const whole = chunked("old", "X-Sum: 1");
    await ask(client, server, whole.slice(0, whole.indexOf("0\r\n")));
    await expect(client).toHear(whole.slice(0, whole.indexOf("0\r\n")));
    const other = await proxied.connect();
    await ask(other.client, other.server, replyOf("new"));
    await expect(other.client).toHear(replyOf("new"));
    server.say(whole.slice(whole.indexOf("0\r\n")));
    await expect(client).toHear(whole.slice(whole.indexOf("0\r\n")));
  },
);

test("http.replay-old-reply: whether the connection goes on is what this one's server says", async () => {
  await using proxied = await startFaulty("http.replay-old-reply");
  await ask(proxied.client, proxied.server, replyOf("old", "connection: close", "Keep-Alive: max=1", "ETag: 1"));
  expect((await proxied.client.ends()).by).toBe("FIN");
  const { client, server } = await proxied.connect();
  await ask(client, server, replyOf("new", "Keep-Alive: max=9"));
  await expect(client).toHear("HTTP/1.1 200 OK\r\nETag: 1\r\nContent-Length: 3\r\nKeep-Alive: max=9\r\n\r\nold");
  await ask(client, server, replyOf("newest", "Connection: close"));
  await expect(client).toHear("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nnew");
  expect((await client.ends()).by).toBe("FIN");
});

test("http.stale-cache: the first reply to a URL is all that there ever is", async () => {
  await using proxied = await startFaulty("http.stale-cache", { age: "90s" });
  const { client, server } = proxied;
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
