/** Replies from another address: where a proxy has one, and where it has none. */
import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { expect, test } from "vitest";
import { createRealHost } from "../../host/real.ts";
import { injectorOf, type Inject } from "../injecting.testing.ts";
import { questionFor, startServer } from "./dns.testing.ts";
import type { DnsInjection } from "./injections.ts";
import { startDnsProxy, type DnsProxy } from "./proxy.ts";

interface Scene extends AsyncDisposable {
  readonly proxy: DnsProxy;
  readonly inject: Inject<DnsInjection>;
  /** Whom a client that takes everything hears. */
  readonly heardFrom: () => Promise<RemoteInfo>;
}

async function startScene(listen: string, elsewhere?: string): Promise<Scene> {
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await startServer());
  const proxy = starting.use(
    await startDnsProxy({
      host: createRealHost({ name: "proxy", directory: "/", seed: 1 }),
      listen: { host: listen, port: 0 },
      server: async () => ({ host: "127.0.0.1", port: server.port }),
      onEvent: () => {},
      elsewhere,
    }),
  );
  const client = createSocket("udp4").bind(0, "127.0.0.1");
  await once(client, "listening");
  starting.defer(async () => void (await once(client.close(), "close")));
  const started = starting.move();
  return {
    proxy,
    inject: injectorOf(proxy, []),
    async heardFrom() {
      client.send(questionFor("plc.test", "A", 7), proxy.address.port, listen);
      const [, from] = (await once(client, "message")) as [Buffer, RemoteInfo];
      return from;
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

test("replies come from the address that the proxy was given, and the port that was asked", async () => {
  await using scene = await startScene("127.0.0.3", "127.0.0.4");
  const { port } = scene.proxy.address;
  expect(await scene.heardFrom()).toMatchObject({ address: "127.0.0.3", port });
  const injected = await scene.inject("dns.wrong-source", { from: "address" });
  expect(await scene.heardFrom()).toMatchObject({ address: "127.0.0.4", port });
  await injected[Symbol.asyncDispose]();
  expect(await scene.heardFrom()).toMatchObject({ address: "127.0.0.3", port });
});

test("from another port of it, where that one is taken", async () => {
  await using scene = await startScene("127.0.0.3", "127.0.0.4");
  const { port } = scene.proxy.address;
  const stranger = createSocket("udp4").bind(port, "127.0.0.4");
  await once(stranger, "listening");
  await scene.inject("dns.wrong-source", { from: "address" });
  const from = await scene.heardFrom();
  expect(from.address).toBe("127.0.0.4");
  expect(from.port).not.toBe(port);
  await once(stranger.close(), "close");
});

test("who has no other address says so, and has another port all the same", async () => {
  await using scene = await startScene("127.0.0.3");
  await expect(scene.inject("dns.wrong-source", { from: "address" })).rejects.toThrow(
    "dns.wrong-source wants another address to reply from, and the proxy knows none beside 127.0.0.3: listen on 127.0.0.1, or let replies come from another port",
  );
  await scene.inject("dns.wrong-source");
  const { address, port } = await scene.heardFrom();
  expect([address, port === scene.proxy.address.port]).toEqual(["127.0.0.3", false]);
});
