/** DNS's parts for tests: a server that dns-packet speaks for, a proxy in front of it, and clients that are not ours. */
import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import {
  AUTHORITATIVE_ANSWER,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  decode,
  encode,
  type Answer,
  type DecodedPacket,
  type Packet,
} from "dns-packet";
import { createRealHost } from "../../host/real.ts";
import { injectorOf, type Hits, type Inject } from "../injecting.testing.ts";
import type { MessageEvent } from "./exchange.ts";
import type { DnsInjection } from "./injections.ts";
import { startDnsProxy, type DnsEvent, type DnsProxy } from "./proxy.ts";
import { describe } from "./wire/dump.ts";

/** What the server knows. */
const zone: readonly Answer[] = [
  { name: "plc.test", type: "A", ttl: 300, data: "10.0.0.1" },
  { name: "plc.test", type: "AAAA", ttl: 300, data: "fd00::1" },
  { name: "plc.test", type: "TXT", ttl: 300, data: ["hello"] },
  { name: "www.test", type: "CNAME", ttl: 300, data: "plc.test" },
  { name: "boot.test", type: "A", ttl: 300, data: "10.0.0.2" },
  { name: "pair.test", type: "A", ttl: 300, data: "10.0.0.3" },
  { name: "pair.test", type: "A", ttl: 300, data: "10.0.0.4" },
  { name: "1.0.0.10.in-addr.arpa", type: "PTR", ttl: 300, data: "plc.test" },
  ...Array.from({ length: 60 }, (_, n) => ({
    name: "big.test",
    type: "A" as const,
    ttl: 300,
    data: `10.0.1.${n}`,
  })),
];
export const soa: Answer = {
  name: "test",
  type: "SOA",
  ttl: 60,
  data: { mname: "ns.test", rname: "admin.test", serial: 7, refresh: 1, retry: 1, expire: 1, minimum: 60 },
};

/** Several: those of a transfer. */
type Replies = Packet | readonly Packet[];
export type Respond = (query: DecodedPacket, transport: "udp" | "tcp") => Replies | Promise<Replies>;

const known = (name: string): readonly Answer[] =>
  zone.filter((record) => record.name.toLowerCase() === name.toLowerCase());

/** As a server that knows its zone answers, aliases followed. */
export function answerFrom(query: DecodedPacket): Packet {
  const [question] = query.questions ?? [];
  const asked = known(question?.name ?? "");
  const alias = asked.find((record) => record.type === "CNAME");
  const target = alias?.type === "CNAME" ? known(alias.data) : asked;
  const answers = [
    ...(alias === undefined ? [] : [alias]),
    ...target.filter(({ type }) => type === question?.type && type !== "CNAME"),
  ].map((record) =>
    record.name.toLowerCase() === question?.name.toLowerCase() ? { ...record, name: question.name } : record,
  );
  const nxdomain = asked.length === 0 ? 3 : 0;
  const opt = query.additionals?.find(({ type }) => type === "OPT");
  return {
    type: "response",
    id: query.id ?? 0,
    flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | ((query.flags ?? 0) & RECURSION_DESIRED) | nxdomain,
    questions: query.questions ?? [],
    answers,
    authorities: answers.length === 0 ? [soa] : [],
    additionals:
      opt === undefined
        ? []
        : [
            {
              type: "OPT",
              name: ".",
              udpPayloadSize: 1232,
              extendedRcode: 0,
              ednsVersion: 0,
              flags: 0,
              flag_do: false,
              options: [],
            },
          ],
  };
}

export interface Server extends AsyncDisposable {
  readonly port: number;
  readonly asked: readonly { readonly transport: "udp" | "tcp"; readonly query: DecodedPacket }[];
}

/** On one port, over both. What does not fit is cut short with TC. */
export async function startServer(respond: Respond = answerFrom): Promise<Server> {
  const asked: { transport: "udp" | "tcp"; query: DecodedPacket }[] = [];
  const sockets = new Set<Socket>();
  const hear = async (transport: "udp" | "tcp", bytes: Buffer): Promise<readonly Buffer[]> => {
    const query = decode(bytes);
    asked.push({ transport, query });
    const replies = [await respond(query, transport)].flat();
    const opt = query.additionals?.find(({ type }) => type === "OPT");
    const most = transport === "tcp" ? 65_535 : Math.max(512, opt?.type === "OPT" ? opt.udpPayloadSize : 0);
    return replies.map((reply) => {
      const whole = encode(reply);
      return whole.length <= most
        ? whole
        : encode({ ...reply, flags: (reply.flags ?? 0) | 0x200, answers: [], authorities: [] });
    });
  };
  const udp = createSocket("udp4");
  udp.on("message", (bytes, { port, address }) => {
    void hear("udp", bytes).then((replies) => replies.forEach((reply) => udp.send(reply, port, address)));
  });
  udp.bind(0, "127.0.0.1");
  await once(udp, "listening");
  const { port } = udp.address();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    let rest: Buffer = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE()) {
        const end = 2 + rest.readUInt16BE();
        void hear("tcp", rest.subarray(2, end)).then((replies) =>
          replies.forEach((reply) =>
            socket.write(Buffer.concat([Buffer.of(reply.length >> 8, reply.length & 0xff), reply])),
          ),
        );
        rest = rest.subarray(end);
      }
    });
  });
  tcp.listen(port, "127.0.0.1");
  try {
    await once(tcp, "listening");
  } catch {
    // Somebody has that port over TCP.
    udp.close();
    return startServer(respond);
  }
  let closed = false;
  return {
    port,
    asked,
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      for (const socket of sockets) socket.destroy();
      await Promise.all([once(udp.close(), "close"), once(tcp.close(), "close")]);
    },
  };
}

export type ToldMessage = MessageEvent & { readonly message: string };

export interface Scene extends AsyncDisposable {
  readonly proxy: DnsProxy;
  readonly port: number;
  readonly server: Server;
  readonly events: readonly DnsEvent[];
  readonly messages: readonly ToldMessage[];
  readonly hits: readonly Readonly<Record<string, unknown>>[];
  readonly inject: Inject<DnsInjection>;
}

export async function startScene(respond?: Respond): Promise<Scene> {
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await startServer(respond));
  const events: DnsEvent[] = [];
  const messages: ToldMessage[] = [];
  const hits: Hits = [];
  const proxy = starting.use(
    await startDnsProxy({
      host: createRealHost({ name: "proxy", directory: "/", seed: 1 }),
      listen: { host: "127.0.0.1", port: 0 },
      server: async () => ({ host: "127.0.0.1", port: server.port }),
      onEvent: (event) => void events.push(event),
      onMessage: (event, bytes) => void messages.push({ ...event, message: describe(bytes) }),
    }),
  );
  const started = starting.move();
  return {
    proxy,
    port: proxy.address.port,
    server,
    events,
    messages,
    hits,
    inject: injectorOf(proxy, hits),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

export interface Heard {
  readonly bytes: Buffer;
  readonly from: { readonly address: string; readonly port: number };
}

/** A client that sends what it is told to and believes nothing: it hears whatever comes. */
export interface Client extends AsyncDisposable {
  readonly ask: (name: string, type?: string, id?: number, more?: Partial<Packet>) => void;
  /** The next that comes. */
  readonly hear: () => Promise<Heard>;
  readonly query: (name: string, type?: string, id?: number, more?: Partial<Packet>) => Promise<DecodedPacket>;
  readonly heard: () => number;
}

export function questionFor(name: string, type: string, id: number, more: Partial<Packet> = {}): Buffer {
  return encode({
    type: "query",
    id,
    flags: RECURSION_DESIRED,
    questions: [{ name, type: type as "A", class: "IN" }],
    ...more,
  });
}

export async function openClient(port: number): Promise<Client> {
  const socket = createSocket("udp4");
  const inbox = createInbox<Heard>();
  socket.on("message", (bytes, from) => inbox.put({ bytes, from }));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const ask: Client["ask"] = (name, type = "A", id = 7, more = {}) =>
    socket.send(questionFor(name, type, id, more), port, "127.0.0.1");
  return {
    ask,
    hear: inbox.take,
    heard: inbox.count,
    async query(name, type, id, more) {
      ask(name, type, id, more);
      return decode((await inbox.take()).bytes);
    },
    async [Symbol.asyncDispose]() {
      await once(socket.close(), "close");
    },
  };
}

/** Over TCP: each chunk as it came. */
export async function openTcpClient(port: number): Promise<{
  readonly socket: Socket;
  readonly ask: (name: string, type?: string, id?: number) => void;
  /** The next whole message. */
  readonly hear: () => Promise<Buffer>;
  /** All bytes until now, and those until the end. */
  readonly bytes: () => Buffer;
  readonly ended: Promise<string>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  await once(socket, "connect");
  const inbox = createInbox<Buffer>();
  const ended = Promise.withResolvers<string>();
  let all: Buffer = Buffer.alloc(0);
  let read = 0;
  socket.on("data", (bytes) => {
    all = Buffer.concat([all, bytes]);
    while (all.length >= read + 2 && all.length >= read + 2 + all.readUInt16BE(read)) {
      const end = read + 2 + all.readUInt16BE(read);
      inbox.put(all.subarray(read + 2, end));
      read = end;
    }
  });
  socket.on("end", () => ended.resolve("FIN"));
  socket.on("error", ({ message }) => ended.resolve(message));
  return {
    socket,
    ask(name, type = "A", id = 7) {
      const bytes = questionFor(name, type, id);
      socket.write(Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]));
    },
    hear: inbox.take,
    bytes: () => all,
    ended: ended.promise,
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  };
}

function createInbox<T>(): { put: (one: T) => void; take: () => Promise<T>; count: () => number } {
  const arrived: T[] = [];
  const waiting: ((one: T) => void)[] = [];
  let count = 0;
  return {
    put(one) {
      count += 1;
      const next = waiting.shift();
      if (next === undefined) arrived.push(one);
      else next(one);
    },
    take() {
      const first = arrived.shift();
      return first === undefined ? new Promise((resolve) => void waiting.push(resolve)) : Promise.resolve(first);
    },
    count: () => count,
  };
}

export interface Outcome {
  readonly code: number;
  readonly said: string;
}

export function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(command, args, { env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, said: stdout + stderr });
    });
  });
}

/** One try, a second long, unless told otherwise. */
export function dig(port: number, ...args: readonly string[]): Promise<Outcome> {
  return run("dig", ["@127.0.0.1", "-p", String(port), "+tries=1", "+time=2", "+nocookie", ...args]);
}
