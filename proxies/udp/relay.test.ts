import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { stream } from "../../faults/random.ts";
import { faults } from "../../faults/registry.ts";
import type { UdpFault } from "../../faults/udp/contract.ts";
import { createRealHost } from "../../host/real.ts";
import { startUdpRelay, type RelayEvent, type UdpInjection, type UdpRelay, type UdpRelayOptions } from "./relay.ts";

const host = createRealHost({ name: "harness", directory: ".", seed: 1 });
let stack = new AsyncDisposableStack();
afterEach(async () => {
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
});

async function open(port = 0): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  stack.defer(() => void socket.close());
  return socket;
}

/** A server that sends back what it gets, and a relay in front of it. */
async function startEcho(options: Partial<UdpRelayOptions> = {}) {
  const server = await open();
  server.on("message", (bytes, { port, address }) => server.send(bytes, port, address));
  const events: RelayEvent[] = [];
  const relay = await startUdpRelay({
    host,
    listen: { host: "127.0.0.1", port: 0 },
    server: async () => ({ host: "127.0.0.1", port: server.address().port }),
    onEvent: (event) => void events.push(event),
    ...options,
  });
  stack.use(relay);
  return { relay, server, events };
}

function inject(relay: UdpRelay, kind: string, written: object, more: Partial<UdpInjection> = {}) {
  const fault = faults.get(kind) as UdpFault;
  const hits: object[] = [];
  const lasting = relay.inject({
    fault,
    parameters: fault.parameters.parse(written),
    draw: stream(1, [kind]),
    onHit: (detail) => void hits.push(detail),
    ...more,
  });
  return { hits, lift: () => lasting[Symbol.asyncDispose]() };
}

function say(client: Socket, relay: UdpRelay, bytes: string | Uint8Array): void {
  client.send(bytes, relay.address.port, "127.0.0.1");
}

async function hear(client: Socket): Promise<Buffer> {
  const [bytes] = (await once(client, "message")) as [Buffer];
  return bytes;
}

test("each of many clients gets its own answers", async () => {
  const { relay, events } = await startEcho();
  const clients = await Promise.all(Array.from({ length: 100 }, () => open()));
  const answers = clients.map(hear);
  for (const [n, client] of clients.entries()) say(client, relay, `client ${n}`);
  expect((await Promise.all(answers)).map(String)).toEqual(clients.map((_client, n) => `client ${n}`));
  expect(events.filter(({ type }) => type === "open")).toHaveLength(100);
});

test("the largest datagram passes, and an empty one", async () => {
  const { relay } = await startEcho();
  const client = await open();
  for (const bytes of [Buffer.alloc(65_507, 7), Buffer.alloc(0)]) {
    const answer = hear(client);
    say(client, relay, bytes);
    expect(Buffer.compare(await answer, bytes)).toBe(0);
  }
});

test("a server's port that is shut costs nothing but what was sent to it", async () => {
  const server = await open();
  const { port } = server.address();
  let there = false;
  const asked = Promise.withResolvers<void>();
  const { relay, server: echo } = await startEcho({
    server: async () => {
      asked.resolve();
      return { host: "127.0.0.1", port: there ? echo.address().port : port };
    },
  });
  server.removeAllListeners();
  const client = await open();
  say(client, relay, "lost");
  await asked.promise;
  there = true;
  const answer = hear(client);
  say(client, relay, "back");
  expect(String(await answer)).toBe("back");
});

test("a relay whose server is nowhere goes on", async () => {
  let calls = 0;
  const { relay, server, events } = await startEcho({
    server: async () => {
      calls += 1;
      if (calls === 1) throw new Error("not there yet");
      return { host: "127.0.0.1", port: server.address().port };
    },
  });
  const client = await open();
  const answer = hear(client);
  say(client, relay, "first");
  say(client, relay, "second");
  expect(String(await answer)).toBe("second");
  expect(events).toContainEqual({ type: "lost", connection: 1, direction: "upstream", why: "no-server" });
});

test("a client for which there is no room gets no answer", async () => {
  const { relay, events } = await startEcho({ maximumFlows: 1 });
  const [first, second] = [await open(), await open()];
  for (const text of ["has the flow", "still has it"]) {
    const answer = hear(first);
    say(first, relay, text);
    expect(String(await answer)).toBe(text);
    say(second, relay, "no room");
  }
  const lost = { type: "lost", direction: "upstream", why: "too-many-flows" };
  await expect.poll(() => events).toEqual([{ type: "open", connection: 1 }, lost, lost]);
});

test("what is held is sent on in order when the fault is lifted, and what was lost stays lost", async () => {
  const { relay, server } = await startEcho();
  const client = await open();
  const held = inject(relay, "udp.latency", { delay: "10h" }, { direction: "downstream" });
  const asked: string[] = [];
  for (const text of ["one", "two", "three"]) {
    const came = hear(server);
    say(client, relay, text);
    asked.push(String(await came));
  }
  const got: string[] = [];
  const all = new Promise<void>((resolve) =>
    client.on("message", (bytes) => {
      if (got.push(String(bytes)) === 4) resolve();
    }),
  );
  const arrived = hear(server);
  say(client, relay, "four");
  await arrived;
  await held.lift();
  await all;
  expect(got).toEqual([...asked, "four"]);
  expect(held.hits).toEqual([{ connection: 1, direction: "downstream", datagram: 1 }]);

  const lost = inject(relay, "udp.loss", { probability: "100%" }, { direction: "downstream" });
  const reached = hear(server);
  say(client, relay, "five");
  await reached;
  await expect.poll(() => lost.hits).toHaveLength(1);
  await lost.lift();
  const answer = hear(client);
  say(client, relay, "six");
  expect(String(await answer)).toBe("six");
});

test("a fault that makes no difference hits nothing, and conditions choose flows", async () => {
  const { relay } = await startEcho();
  const hole = inject(relay, "udp.blackhole", {}, { nth: 2, direction: "upstream" });
  const late = inject(relay, "udp.latency", { delay: "1ms" }, { direction: "upstream" });
  const [first, second] = [await open(), await open()];
  const answer = hear(first);
  say(first, relay, "through");
  await answer;
  say(second, relay, "lost");
  await expect.poll(() => hole.hits).toEqual([{ connection: 2, direction: "upstream", datagram: 1 }]);
  expect(late.hits).toEqual([{ connection: 1, direction: "upstream", datagram: 1 }]);
});
