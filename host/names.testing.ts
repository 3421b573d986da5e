/** How names are asked for on every host that was given name servers. What is made of their answers is glibc's way, in every host. */
import {
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
  decode,
  encode,
  streamDecode,
  streamEncode,
  type Answer,
  type DecodedPacket,
  type Packet,
} from "dns-packet";
import { expect, test } from "vitest";
import type { Address } from "./host.ts";
import type { HostPair } from "./talk.testing.ts";

const record = (name: string, data: string): Answer => ({ type: "A", name, ttl: 60, data });
const alias = (name: string, data: string): Answer => ({ type: "CNAME", name, ttl: 60, data });

/** Nothing, one reply, or several. */
type Script = (query: DecodedPacket) => readonly Uint8Array[];

function reply(query: DecodedPacket, packet: Packet = {}): Buffer {
  const flags = RECURSION_DESIRED | RECURSION_AVAILABLE | (packet.flags ?? 0);
  return encode({ type: "response", id: query.id ?? 0, questions: query.questions ?? [], ...packet, flags });
}

const good: Script = (query) => [reply(query, { answers: [record("plc.test", "198.18.0.9")] })];
const withRcode =
  (rcode: number): Script =>
  (query) => [reply(query, { flags: rcode })];

const answers: readonly { readonly says: string; readonly script: Script; readonly found: readonly string[] }[] = [
  {
    says: "two addresses",
    script: (query) => [
      reply(query, { answers: [record("plc.test", "198.18.0.2"), record("plc.test", "198.18.0.1")] }),
    ],
    found: ["198.18.0.2", "198.18.0.1"],
  },
  {
    says: "an alias and its address",
    script: (query) => [reply(query, { answers: [alias("plc.test", "www.test"), record("www.test", "198.18.0.2")] })],
    found: ["198.18.0.2"],
  },
  {
    says: "another name's address",
    script: (query) => [reply(query, { answers: [record("other.test", "198.18.0.2")] })],
    found: ["198.18.0.2"],
  },
  {
    says: "first something to another query",
    script: (query) => [
      reply({ ...query, id: ((query.id ?? 0) + 1) % 65_536 }, { answers: [record("plc.test", "198.18.0.3")] }),
      ...good(query),
    ],
    found: ["198.18.0.9"],
  },
  {
    says: "first something to another question",
    script: (query) => [
      reply(query, { questions: [{ type: "A", name: "z.test" }], answers: [record("z.test", "198.18.0.3")] }),
      ...good(query),
    ],
    found: ["198.18.0.9"],
  },
  { says: "first nothing", script: (query) => [Buffer.alloc(0), ...good(query)], found: ["198.18.0.9"] },
  {
    says: "the question in capitals",
    script: (query) => [
      reply(query, { questions: [{ type: "A", name: "PLC.TEST" }], answers: [record("plc.test", "198.18.0.9")] }),
    ],
    found: ["198.18.0.9"],
  },
];

const failures: readonly { readonly says: string; readonly script: Script; readonly code: string }[] = [
  { says: "NXDOMAIN", script: withRcode(3), code: "ENOTFOUND" },
  { says: "nothing of the kind", script: withRcode(0), code: "ENODATA" },
  {
    says: "an alias that leads nowhere",
    script: (query) => [reply(query, { answers: [alias("plc.test", "www.test")] })],
    code: "ENODATA",
  },
  {
    says: "an IPv6 address",
    script: (query) => [reply(query, { answers: [{ type: "AAAA", name: "plc.test", ttl: 60, data: "::1" }] })],
    code: "ENODATA",
  },
  {
    says: "NXDOMAIN, with an address",
    script: (query) => [reply(query, { flags: 3, answers: [record("plc.test", "198.18.0.9")] })],
    code: "ENOTFOUND",
  },
  { says: "FORMERR", script: withRcode(1), code: "EFORMERR" },
  { says: "an rcode that nobody knows", script: withRcode(9), code: "ENODATA" },
];

const passedOn: typeof failures = [
  { says: "SERVFAIL", script: withRcode(2), code: "ESERVFAIL" },
  { says: "NOTIMP", script: withRcode(4), code: "ENOTIMP" },
  { says: "REFUSED", script: withRcode(5), code: "EREFUSED" },
];

const unreadable: readonly { readonly says: string; readonly script: Script }[] = [
  { says: "garbage", script: () => [Buffer.from("garbage")] },
  { says: "half an answer", script: (query) => good(query).map((bytes) => bytes.subarray(0, -2)) },
  {
    says: "an answer without a question",
    script: (query) => [reply(query, { questions: [], answers: [record("plc.test", "198.18.0.3")] })],
  },
];

export function describeNames(startPair: () => Promise<HostPair>): void {
  test.each(answers)("a server that says $says is understood", async ({ script, found }) => {
    await using pair = await startPair();
    await using server = await startServer(pair, script);
    const host = pair.asking(server.address);
    expect(await host.network.resolve({ host: "plc.test", port: 443 })).toEqual(
      found.map((address) => ({ host: address, port: 443 })),
    );
  });

  test.each(failures)("a server that says $says is believed, and no other one asked", async ({ script, code }) => {
    await using pair = await startPair();
    await using first = await startServer(pair, script);
    await using second = await startServer(pair, good);
    const host = pair.asking(first.address, second.address);
    await expect(host.network.resolve({ host: "plc.test", port: 443 })).rejects.toMatchObject({
      code,
      message: `queryA ${code} plc.test`,
      syscall: "queryA",
      hostname: "plc.test",
    });
    expect([first.asked, second.asked]).toEqual([["plc.test"], []]);
  });

  test.each(passedOn)(
    "after $says the next server is asked at once, and all of them twice",
    async ({ script, code }) => {
      await using pair = await startPair();
      await using first = await startServer(pair, script);
      await using second = await startServer(pair, good);
      const host = pair.asking(first.address, second.address);
      expect(await host.network.resolve({ host: "plc.test", port: 443 })).toEqual([{ host: "198.18.0.9", port: 443 }]);
      const alone = pair.asking(first.address);
      await expect(alone.network.resolve({ host: "plc.test", port: 443 })).rejects.toMatchObject({ code });
      expect(first.asked).toHaveLength(3);
    },
  );

  test.each(unreadable)("after $says the next server is asked at once", async ({ script }) => {
    await using pair = await startPair();
    await using first = await startServer(pair, script);
    await using second = await startServer(pair, good);
    const host = pair.asking(first.address, second.address);
    expect(await host.network.resolve({ host: "plc.test", port: 443 })).toEqual([{ host: "198.18.0.9", port: 443 }]);
    const alone = pair.asking(first.address);
    await expect(alone.network.resolve({ host: "plc.test", port: 443 })).rejects.toMatchObject({ code: "EBADRESP" });
    expect(first.asked).toHaveLength(3);
  });

  test("where nobody serves names, the next server is asked at once", async () => {
    await using pair = await startPair();
    const gone = await startServer(pair, good);
    await gone[Symbol.asyncDispose]();
    await using second = await startServer(pair, good);
    const host = pair.asking(gone.address, second.address);
    expect(await host.network.resolve({ host: "plc.test", port: 443 })).toEqual([{ host: "198.18.0.9", port: 443 }]);
    await expect(pair.asking(gone.address).network.resolve({ host: "plc.test", port: 443 })).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
  });

  test("what was cut off is asked for again over TCP", async () => {
    await using pair = await startPair();
    // The same port must be free for TCP as well.
    await using servers = new AsyncDisposableStack();
    const start = async (): Promise<Server> => {
      const server = servers.use(await startServer(pair, (query) => [reply(query, { flags: TRUNCATED_RESPONSE })]));
      const door = await pair.server.network.listen({ port: server.address.port }, () => {}).catch(() => undefined);
      await door?.[Symbol.asyncDispose]();
      return door === undefined ? start() : server;
    };
    const server = await start();
    const asking = pair.asking(server.address).network;
    await expect(asking.resolve({ host: "plc.test", port: 443 })).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await using listener = await pair.server.network.listen({ port: server.address.port }, (socket) => {
      socket.on("error", () => {});
      socket.on("data", (bytes: Buffer) => {
        const query = streamDecode(bytes);
        const { id = 0, questions = [] } = query;
        // A byte alone, too.
        const message = streamEncode({ type: "response", id, questions, answers: [record("plc.test", "198.18.0.8")] });
        socket.write(message.subarray(0, 1));
        socket.write(message.subarray(1));
      });
    });
    expect(listener.address.port).toBe(server.address.port);
    expect(await asking.resolve({ host: "plc.test", port: 443 })).toEqual([{ host: "198.18.0.8", port: 443 }]);
  });

  test("names are asked for in lower case, in ASCII and without a dot at their end; impossible ones are not", async () => {
    await using pair = await startPair();
    await using server = await startServer(pair, good);
    const { network } = pair.asking(server.address);
    for (const host of ["PLC.Test", "plc.test.", "bücher.test", "plc"]) await network.resolve({ host, port: 1 });
    expect(server.asked).toEqual(["plc.test", "plc.test", "xn--bcher-kva.test", "plc"]);
    for (const host of ["plc..test", `${"x".repeat(64)}.test`]) {
      await expect(network.resolve({ host, port: 1 })).rejects.toMatchObject({ code: "EBADNAME" });
    }
  });

  test("nobody is asked for addresses, and for the machine's own name", async () => {
    await using pair = await startPair();
    await using server = await startServer(pair, good);
    const { network } = pair.asking(server.address);
    for (const host of ["127.0.0.1", "198.18.0.7"])
      expect(await network.resolve({ host, port: 1 })).toEqual([{ host, port: 1 }]);
    expect(await network.resolve({ host: "localhost", port: 1 })).toEqual([{ host: "127.0.0.1", port: 1 }]);
    expect(server.asked).toEqual([]);
  });

  test("a question ends with the signal's reason, and others go on", async () => {
    await using pair = await startPair();
    const held: (() => void)[] = [];
    await using server = await startServer(
      pair,
      () => [],
      (answer) => void held.push(answer),
    );
    const { network } = pair.asking(server.address);
    const reason = new Error("enough");
    const controller = new AbortController();
    const patient = network.resolve({ host: "plc.test", port: 1 });
    const hasty = network.resolve({ host: "plc.test", port: 1 }, controller);
    const heard = Promise.withResolvers<void>();
    const look = pair.client.clock.timer(50, () => heard.resolve());
    await heard.promise;
    look[Symbol.dispose]();
    controller.abort(reason);
    await expect(hasty).rejects.toBe(reason);
    for (const answer of held) answer();
    expect(await patient).toEqual([{ host: "198.18.0.9", port: 1 }]);
    await expect(network.resolve({ host: "plc.test", port: 1 }, controller)).rejects.toBe(reason);
  });
}

interface Server extends AsyncDisposable {
  readonly address: Address;
  /** The names, in order. */
  readonly asked: readonly string[];
}

/** `onQuery` is given the good answer, to be sent whenever it likes. */
async function startServer(pair: HostPair, script: Script, onQuery?: (answer: () => void) => void): Promise<Server> {
  const asked: string[] = [];
  const socket = await pair.server.network.bind({ port: 0 }, (bytes, from) => {
    const query = decode(Buffer.from(bytes));
    asked.push(query.questions?.[0]?.name ?? "");
    const send = (replies: readonly Uint8Array[]): void => {
      for (const one of replies) socket.send(one, from);
    };
    send(script(query));
    onQuery?.(() => send(good(query)));
  });
  return {
    address: { host: pair.place, port: socket.address.port },
    asked,
    [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
  };
}
