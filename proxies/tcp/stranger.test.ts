/** Somebody else at the address of a link's server: real sockets, and TLS. */
import { describe, expect, test } from "vitest";
import { errorOf, injection, read, readAll, startProxied, startProxyTo, startServer } from "./proxy.testing.ts";

const at = (port: number): string => `127.0.0.1:${port}`;

describe("a stranger at the address", () => {
  test("is whom a new connection comes to; one that was there before stays, and the next is as before", async () => {
    const stranger = await startServer();
    const { proxy, connect, accept, closed } = await startProxied();
    const before = await connect();
    const server = await accept();
    const led = injection("tcp.stranger", { to: at(stranger.port) });
    const lift = proxy.inject(led);

    const client = await connect();
    client.end("who is there?");
    const other = await stranger.accept();
    expect(await readAll(other)).toBe("who is there?");
    other.end("somebody else");
    expect(await readAll(client)).toBe("somebody else");
    expect(await closed(2)).toEqual({
      type: "close",
      connection: 2,
      upstream: 13,
      downstream: 13,
      by: "client",
      to: at(stranger.port),
    });
    expect(led.hits).toEqual([{ connection: 2, direction: "upstream", item: "open" }]);

    before.write("still you");
    expect(await read(server, 9)).toBe("still you");
    await lift[Symbol.asyncDispose]();
    (await connect()).end("you again");
    expect(await readAll(await accept())).toBe("you again");
  });

  test("is met by those that are chosen, and by nobody else", async () => {
    const stranger = await startServer();
    const { proxy, connect, accept } = await startProxied();
    const led = injection("tcp.stranger", { to: at(stranger.port) }, { everyNth: 2 });
    proxy.inject(led);
    for (const from of [accept, stranger.accept, accept, stranger.accept]) {
      (await connect()).end("hello");
      expect(await readAll(await from())).toBe("hello");
    }
    expect(led.hits).toMatchObject([{ connection: 2 }, { connection: 4 }]);
  });

  test("has nobody for a client if nobody listens there", async () => {
    const { proxy, dial, closed } = await startProxied();
    const { server, port } = await startServer();
    server.close();
    proxy.inject(injection("tcp.stranger", { to: at(port) }));
    expect(await errorOf(dial())).toBe("ECONNRESET");
    expect(await closed()).toMatchObject({ by: "server-refused", to: at(port) });
  });
});

describe("a stranger who is the server of another link", () => {
  test("is asked for with each connection, since it may have moved", async () => {
    const [home, first, second] = [await startServer(), await startServer(), await startServer()];
    let now = first;
    const asked: string[] = [];
    const { proxy, connect, closed } = await startProxyTo(home.port, {
      serverOf(link) {
        asked.push(link);
        return { host: "127.0.0.1", port: now.port };
      },
    });
    proxy.inject(injection("tcp.stranger", { to: "link:next" }));
    for (const tenant of [first, second]) {
      now = tenant;
      const client = await connect();
      client.end("hello");
      const server = await tenant.accept();
      expect(await readAll(server)).toBe("hello");
      server.end();
      await readAll(client);
    }
    expect(asked).toEqual(["next", "next"]);
    expect(await closed(2)).toMatchObject({ to: "link:next" });
  });

  test("is not there for a proxy that knows no links", async () => {
    const { proxy, dial, closed } = await startProxied();
    proxy.inject(injection("tcp.stranger", { to: "link:next" }));
    expect(await errorOf(dial())).toBe("ECONNRESET");
    expect(await closed()).toMatchObject({ by: "server-unreachable" });
  });
});
