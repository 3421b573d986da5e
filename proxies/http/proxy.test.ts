/** Without a fault, what passes is what was said: over the real host and over the simulated one. */
import { describe, expect, test } from "vitest";
import type { Host } from "../../host/host.ts";
import { startSimulatedPair } from "../../host/sim/pair.testing.ts";
import { ask, get, ok, realHost, startProxied, type Proxied } from "./http.testing.ts";

describe("over the real host", () => {
  describeProxy(() => startProxied({ host: realHost }));
});

describe("over the simulated host", () => {
  describeProxy(async () => {
    const pair = await startSimulatedPair();
    const host: Host = pair.server;
    const proxied = await startProxied({ host });
    return {
      ...proxied,
      async [Symbol.asyncDispose]() {
        await proxied[Symbol.asyncDispose]();
        await pair[Symbol.asyncDispose]();
      },
    };
  });
});

/** What waits in each of the proxy's own sockets for a client. */
function measured(host: Host, onWaiting: (bytes: number) => void): Host {
  const network: Host["network"] = {
    ...host.network,
    listen: (options, onConnection) =>
      host.network.listen(options, (socket) => {
        const write = socket.write.bind(socket);
        socket.write = ((bytes: Uint8Array) => {
          const isRoomy = write(bytes);
          onWaiting(socket.writableLength);
          return isRoomy;
        }) as typeof socket.write;
        onConnection(socket);
      }),
  };
  return { ...host, network };
}

test.each([
  ["for its reply", get],
  ["for bytes that nobody has asked for", ""],
])("a server whose client does not read %s has to wait", async (_what, request) => {
  let most = 0;
  await using proxied = await startProxied({
    host: measured(realHost, (waiting) => (most = Math.max(most, waiting))),
    clientHost: realHost,
    serverHost: realHost,
  });
  const { client, server } = await proxied.connect();
  client.socket.pause();
  client.say(request);
  if (request !== "") await server.hearsUntil("\r\n\r\n");
  const body = Buffer.alloc(32 * 1024 * 1024, "x");
  server.say(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
  server.socket.write(body);
  const other = await proxied.connect();
  for (let n = 0; n < 200; n += 1) {
    await ask(other.client, other.server);
    await expect(other.client).toHear(ok);
  }
  client.socket.resume();
  await client.hearsUntil("\r\n\r\n");
  await client.hearsBytes(body.length);
  expect(most).toBeLessThan(1024 * 1024);
});

const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

function describeProxy(start: () => Promise<Proxied>): void {
  test("a request and its reply, with the spelling, the order and the repetition of their headers", async () => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    client.say("PUT /a//b?c=%20d HTTP/1.1\r\nhOST: plc.test\r\nX-Two: 1\r\nx-two: 2\r\ncontent-length: 3\r\n\r\nabc");
    await expect(server).toHear(
      "PUT /a//b?c=%20d HTTP/1.1\r\nhOST: plc.test\r\nX-Two: 1\r\nX-Two: 2\r\ncontent-length: 3\r\n",
    );
    await server.hearsUntil("\r\nabc");
    const reply = "HTTP/1.1 201 So be it\r\nSet-Cookie: a=1\r\nX: y\r\nset-COOKIE: b=2\r\nContent-Length: 2\r\n\r\nok";
    server.say(reply);
    await expect(client).toHear(reply);
    expect(proxied.events).toEqual([
      { type: "request", connection: 1, request: 1, method: "PUT", path: "/a//b?c=%20d" },
      { type: "reply", connection: 1, request: 1, method: "PUT", path: "/a//b?c=%20d", status: 201, bytes: 2 },
    ]);
  });

  test("one connection carries many requests, and each of its own to the server", async () => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    for (let n = 0; n < 3; n += 1) {
      await ask(client, server);
      await expect(client).toHear(ok);
    }
    client.socket.end();
    expect(await server.ends()).toEqual({ rest: "", by: "FIN" });
    server.socket.end();
    expect(await client.ends()).toEqual({ rest: "", by: "FIN" });
  });

  test("requests that were sent at once are answered in their order", async () => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    client.say(`${get}POST /two HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody${get}`);
    await expect(server).toHear("GET / ");
    await server.hearsUntil("\r\n\r\n");
    server.say(ok);
    await expect(client).toHear(ok);
    await expect(server).toHear("POST /two ");
    await server.hearsUntil("\r\n\r\nbody");
    server.say("HTTP/1.1 204 No Content\r\n\r\n");
    await expect(client).toHear("HTTP/1.1 204 No Content\r\n\r\n");
    await server.hearsUntil("\r\n\r\n");
    server.say(ok);
    await expect(client).toHear(ok);
  });

  test("bodies stream both ways as they come", async () => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    client.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    await server.hearsUntil("\r\n\r\n");
    client.say("3;name=value\r\none\r\n");
    await expect(server).toHear("3\r\none\r\n");
    server.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    await expect(client).toHear("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    server.say("4\r\nfour\r\n");
    await expect(client).toHear("4\r\nfour\r\n");
    client.say("0\r\n\r\n");
    await expect(server).toHear("0\r\n\r\n");
    server.say("0\r\n\r\n");
    await expect(client).toHear("0\r\n\r\n");
  });

  test("trailers pass, both ways", async () => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    client.say(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n",
    );
    await server.hearsUntil("\r\n\r\n");
    await expect(server).toHear("1\r\na\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n");
    server.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\nX-End: 3\r\n\r\n");
    await expect(client).toHear("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\nX-End: 3\r\n\r\n");
  });

  test("a body waits for 100 Continue, and other interim replies pass, too", async () => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    client.say("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    expect(await server.hearsUntil("\r\n\r\n")).toContain("Expect: 100-continue\r\n");
    server.say("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    await expect(client).toHear("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    client.say("body");
    await expect(server).toHear("body");
    server.say(ok);
    await expect(client).toHear(ok);
    client.say(get);
    await server.hearsUntil("\r\n\r\n");
  });

  test("a reply without 100 Continue leaves the body to the client", async () => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    await ask(
      client,
      server,
      "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n",
      "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
    );
    await expect(client).toHear("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
    client.say("body");
    await expect(server).toHear("body");
  });

  test.each([
    ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"],
    ["HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: x\r\n\r\n"],
    ["GET", "HTTP/1.1 204 No Content\r\n\r\n"],
  ])("a reply to %s that has no body is over with its head: %j", async (method, reply) => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    for (let n = 0; n < 2; n += 1) {
      await ask(client, server, reply, `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
      await expect(client).toHear(reply);
    }
  });

  test("a body that only the end of the connection delimits ends with FIN as with FIN, and with RST as with RST", async () => {
    await using proxied = await start();
    for (const [way, by] of [
      ["end", "FIN"],
      ["resetAndDestroy", "RST"],
    ] as const) {
      const { client, server } = await proxied.connect();
      await ask(client, server, "HTTP/1.1 200 OK\r\n\r\nhalf", get);
      await expect(client).toHear("HTTP/1.1 200 OK\r\n\r\nhalf");
      server.socket[way]();
      expect(await client.ends()).toEqual({ rest: "", by });
    }
  });

  test("a server that hangs up before, within and after its reply does so to the client", async () => {
    await using proxied = await start();
    for (const [way, by] of [
      ["end", "FIN"],
      ["resetAndDestroy", "RST"],
    ] as const) {
      for (const said of ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", ok]) {
        const { client, server } = await proxied.connect();
        client.say(get);
        await server.hearsUntil("\r\n\r\n");
        if (said !== "") server.say(said);
        await expect(client).toHear(said);
        server.socket[way]();
        expect([said, await client.ends()]).toEqual([said, { rest: "", by }]);
      }
    }
  });

  test("a client that goes in the middle is gone for the server, too", async () => {
    await using proxied = await start();
    for (const [way, by] of [
      ["end", "FIN"],
      ["resetAndDestroy", "RST"],
    ] as const) {
      for (const said of [get, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf"]) {
        const { client, server } = await proxied.connect();
        client.say(said);
        await server.hearsUntil(said.endsWith("half") ? "half" : "\r\n\r\n");
        client.socket[way]();
        expect([said, await server.ends()]).toEqual([said, { rest: "", by }]);
      }
    }
  });

  test("behind a reply that is the last one, the connection ends, though the server has not closed it yet", async () => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    await ask(
      client,
      server,
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    await client.hearsUntil("\r\n\r\nok");
    expect(await client.ends()).toEqual({ rest: "", by: "FIN" });
    client.socket.end();
    expect((await server.ends()).by).toBe("FIN");
  });

  test("a client that has closed its half once it has asked gets its answer", async () => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    client.say(get);
    client.socket.end();
    await server.hearsUntil("\r\n\r\n");
    expect(await server.ends()).toEqual({ rest: "", by: "FIN" });
    server.say(ok);
    server.socket.end();
    await expect(client).toHear(ok);
    expect((await client.ends()).by).toBe("FIN");
  });

  test("an upgrade becomes a tunnel, and one that is declined does not", async () => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    const ask = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    client.say(ask);
    expect(await server.hearsUntil("\r\n\r\n")).toContain("Upgrade: websocket\r\n");
    server.say(ok);
    await expect(client).toHear(ok);
    client.say(`${ask}first`);
    await server.hearsUntil("\r\n\r\n");
    const yes = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    server.say(`${yes}hello`);
    await expect(client).toHear(`${yes}hello`);
    await expect(server).toHear("first");
    client.say("\0\x81anything");
    await expect(server).toHear("\0\x81anything");
    client.socket.end();
    expect(await server.ends()).toEqual({ rest: "", by: "FIN" });
    server.say("still");
    await expect(client).toHear("still");
    server.socket.end();
    expect((await client.ends()).by).toBe("FIN");
  });

  test("CONNECT becomes a tunnel", async () => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    client.say("CONNECT db.test:5432 HTTP/1.1\r\nHost: db.test:5432\r\n\r\n");
    await expect(server).toHear("CONNECT db.test:5432 HTTP/1.1\r\n");
    await server.hearsUntil("\r\n\r\n");
    server.say("HTTP/1.1 200 Connected\r\n\r\nhi");
    await expect(client).toHear("HTTP/1.1 200 Connected\r\n\r\nhi");
    client.say("ho");
    await expect(server).toHear("ho");
    server.socket.resetAndDestroy();
    expect((await client.ends()).by).toBe("RST");
  });

  test("what is no HTTP passes as it is, from the first byte on", async () => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    server.say("220 mail.test\r\n");
    await expect(client).toHear("220 mail.test\r\n");
    client.say("\x16\x03\x01no line");
    await expect(server).toHear("\x16\x03\x01no line");
    server.say("whatever");
    await expect(client).toHear("whatever");
    client.socket.resetAndDestroy();
    expect((await server.ends()).by).toBe("RST");
  });

  test.each([
    ["an old greeting", "EHLO me\r\n"],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["two lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
    ["a length and chunks", "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["a folded header", "GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n"],
    ["a space before the colon", "GET / HTTP/1.1\r\nX : a\r\n\r\n"],
  ])("%s is the server's to make sense of", async (_what, said) => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    await ask(client, server);
    await expect(client).toHear(ok);
    client.say(said);
    await expect(server).toHear(said);
    server.say("HTTP/1.1 400 Bad Request\r\n\r\n");
    await expect(client).toHear("HTTP/1.1 400 Bad Request\r\n\r\n");
    server.socket.end();
    client.socket.end();
    expect((await client.ends()).by).toBe("FIN");
  });

  test("a client of HTTP/1.0 gets a reply without chunks, whose end is the connection's", async () => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    client.say("GET / HTTP/1.0\r\n\r\n");
    expect(await server.hearsUntil("\r\n\r\n")).toBe("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    server.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    await expect(client).toHear("HTTP/1.1 200 OK\r\n\r\nok");
    expect((await client.ends()).by).toBe("FIN");
  });

  test("a client of HTTP/1.0 hears of no interim reply", async () => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    await ask(client, server, `HTTP/1.1 103 Early Hints\r\n\r\n${ok}`, "GET / HTTP/1.0\r\n\r\n");
    await expect(client).toHear(ok);
  });

  test.each([
    ["a reply that is none", "nonsense\r\n\r\n", ""],
    ["a reply that is none from somewhere on", `${chunked}2\r\nok\r\nnonsense`, `${chunked}2\r\nok\r\n`],
  ])("%s resets the client, and is told of", async (_what, said, passed) => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    await ask(client, server, said, get);
    expect(await client.ends()).toEqual({ rest: passed, by: "RST" });
    expect(proxied.events.filter(({ type }) => type === "unreadable")).toEqual([
      { type: "unreadable", connection: 1, request: 1, method: "GET", path: "/", reason: expect.stringMatching(/\w/) },
    ]);
  });

  test("a server that is not there resets its client", async () => {
    await using proxied = await start();
    const { client, server } = await proxied.connect();
    server.socket.resetAndDestroy();
    expect((await client.ends()).by).toBe("RST");
  });
}
