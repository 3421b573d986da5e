/** Whatever both sides say, and whichever faults there are: the proxy goes on, and nothing is left of a connection that has ended. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { faults } from "../../faults/registry.ts";
import { parse } from "yaml";
import { startProxied, type Peer, type Proxied } from "./http.testing.ts";

const piece = fc.oneof(
  fc.constantFrom(
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n{"a":1}',
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "CONNECT a:1 HTTP/1.1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\n\r\n",
    "hello",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "ffffffff\r\n",
    "\r\n",
    ": ",
    "<a>",
    '{"a":1}',
  ),
  fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
);
const act = fc.record({
  who: fc.constantFrom("client", "server"),
  how: fc.oneof(
    { weight: 8, arbitrary: fc.record({ say: piece }) },
    { weight: 1, arbitrary: fc.constantFrom("end", "resetAndDestroy", "destroy") },
  ),
});
const examples = [...faults.values()]
  .filter(({ plane }) => plane === "http")
  .map(({ kind, example }) => ({ kind, parameters: parse(example) as object }));
const ofRequests = [
  { kind: "http.body", parameters: { path: "/a", value: "22", of: "request" } },
  { kind: "http.header", parameters: { name: "content-length", action: "set", value: "3", of: "request" } },
];
const scene = fc.record({
  acts: fc.array(act, { maxLength: 12 }),
  injected: fc.subarray([...examples, ...ofRequests], { maxLength: 3 }),
});

test("any talk, and any faults", { timeout: 120_000 }, async () => {
  await using proxied = await startProxied();
  await fc.assert(
    fc.asyncProperty(scene, async ({ acts, injected }) => {
      const faulty = injected.map(({ kind, parameters }) => proxied.inject(kind, parameters));
      await talk(proxied, acts);
      for (const each of faulty) await each[Symbol.asyncDispose]();
      await isHealthy(proxied);
    }),
    { numRuns: 200 },
  );
  // What is passed on once more may reach the server as late as now.
  while (proxied.proxy.connections() > 0) {
    proxied.hangUp();
    await new Promise(setImmediate);
  }
  expect(proxied.events.some(({ type }) => type === "reply")).toBe(true);
});

type Acts = readonly { readonly who: string; readonly how: string | { readonly say: string } }[];

async function talk(proxied: Proxied, acts: Acts): Promise<void> {
  const { client, server } = await proxied.connect();
  for (const { who, how } of acts) {
    const peer = who === "client" ? client : server;
    if (typeof how === "string") peer.socket[how as "end" | "resetAndDestroy" | "destroy"]();
    else if (!peer.socket.writableEnded && !peer.socket.destroyed) peer.say(how.say);
    // The other side gets a chance to hear it: one turn of the loop.
    await new Promise(setImmediate);
  }
  await gone(client);
  await gone(server);
}

async function gone(peer: Peer): Promise<void> {
  peer.socket.destroy();
  await peer.ends();
}

/** Another client gets its answer. */
async function isHealthy(proxied: Proxied): Promise<void> {
  const client = await proxied.dial();
  client.say("GET /healthy HTTP/1.1\r\nHost: a\r\n\r\n");
  for (;;) {
    // Some may still come from requests that were passed on once more.
    const server = await proxied.accept();
    const asked = await server.hearsUntil("\r\n\r\n").catch(() => "");
    if (!asked.startsWith("GET /healthy ")) {
      await gone(server);
      continue;
    }
    server.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    await client.hearsUntil("\r\n\r\nok");
    await gone(client);
    await gone(server);
    return;
  }
}
