/**
 * Random calls and random traffic: whatever comes, every call is answered, nothing escapes, and in the end nothing is left.
 *
 * `SINBIN_FUZZ_STEPS=100000 SINBIN_FUZZ_SEED=7 npx vitest run proxies/api/fuzz.test.ts` goes on for longer, and elsewhere.
 */
import { createSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { writeClientHello } from "../../host/client-hello.ts";
import { createAuthorityLater } from "../../host/real/certificates.ts";
import { startEcho, startServer, startTestApi, type TestApi } from "./api.testing.ts";
import { createDice, randomCall, type Dice, type Places } from "./fuzz.testing.ts";

const seed = Number(process.env["SINBIN_FUZZ_SEED"] ?? 1);
const steps = Number(process.env["SINBIN_FUZZ_STEPS"] ?? 800);
/** Ten times the second within which every call must be answered. */
const longestAnswerMs = 10_000;
const mostClients = 60;
const mostGrowth = 24 * 1024 * 1024;

const authority = createAuthorityLater("the authority of a fuzz test");
/** What is said to a proxy first: of a protocol that it reads, or of none. */
const openings = [
  Buffer.from("x"),
  Buffer.from("x".repeat(100)),
  Buffer.from("x".repeat(100_000)),
  Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(3)),
  Buffer.from("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"),
  writeClientHello({ servername: "x.test", alpn: ["h2", "http/1.1"] }, 512),
  writeClientHello({ servername: "x.test", alpn: [] }, 512).subarray(0, 50),
];

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

interface Room extends AsyncDisposable {
  readonly api: TestApi;
  readonly places: Places;
  readonly clients: Set<Socket>;
  hangUp(): void;
  listeners(): readonly string[];
}

async function openRoom(timers: Set<object>): Promise<Room> {
  await using opening = new AsyncDisposableStack();
  const api = opening.use(
    await startTestApi({
      metrics: true,
      identity: { issuer: authority },
      authority: () => authority.certificate(),
      wrap: (host) => ({
        ...host,
        clock: {
          ...host.clock,
          timer(milliseconds, callback) {
            const timer = {};
            timers.add(timer);
            const inner = host.clock.timer(milliseconds, () => {
              timers.delete(timer);
              callback();
            });
            return {
              [Symbol.dispose]() {
                timers.delete(timer);
                inner[Symbol.dispose]();
              },
            };
          },
        },
      }),
    }),
  );
  const echo = opening.use(await startEcho());
  const flood = opening.use(await startServer((socket) => void socket.write("x".repeat(3_000_000))));
  const mute = opening.use(await startServer((socket) => void socket.pause()));
  const curt = opening.use(await startServer((socket) => void socket.destroy()));
  const clients = new Set<Socket>();
  const servers = [echo, flood, mute, curt];
  const hangUp = (): void => {
    for (const socket of clients) socket.destroy();
    for (const server of servers) server.hangUp();
  };
  opening.defer(hangUp);
  const opened = opening.move();
  return {
    api,
    clients,
    hangUp,
    places: {
      // One answers no connect (RFC 5737), one is no name (RFC 6761), and one no address.
      upstreams: servers.map(({ address }) => address).concat("127.0.0.1:1", "192.0.2.1:9", "x.invalid:1", "noport"),
      listens: [
        "127.0.0.1:0",
        "127.0.0.1:0",
        "127.0.0.1:0",
        "localhost:0",
        "",
        "bad",
        `127.0.0.1:${api.port}`,
        "192.0.2.1:0",
      ],
    },
    listeners: () =>
      api.events
        .flatMap(({ event, fields }) => (event === "proxy.listening" ? [String(fields["listen"])] : []))
        .slice(-8),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const expected = [200, 201, 204, 301, 400, 404, 405, 409, 413];

async function answered(room: Room, dice: Dice): Promise<void> {
  const { api, places } = room;
  const { method, path, body } = randomCall(dice, places);
  const start = performance.now();
  const { status, text } = await api.call(method, path, body);
  const isInTime = performance.now() - start < longestAnswerMs;
  const isExpected = status === 500 ? /listen (tcp|udp)|lookup |address /.test(text) : expected.includes(status);
  const words = `${method} ${path} ${body.slice(0, 300)} → ${status} ${text.slice(0, 300)}`;
  expect({ words, isInTime, isExpected }).toEqual({ words, isInTime: true, isExpected: true });
  // Whoever was changed has visitors, so that faults meet somebody.
  const isChanged = path === "/sinbin/changes" && status === 200;
  for (const listen of isChanged ? room.listeners().slice(-2) : []) visit(room, dice, listen);
}

const rudeRequests = [
  "GET /proxies HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(50),
  "POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
  "POST /sinbin/changes HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n[",
  "GET /sinbin/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 0\r\n\r\n",
  "GET / HTTP/9.9\r\n\r\n",
  `GET / HTTP/1.1\r\nX: ${"x".repeat(30_000)}`,
  "CONNECT x:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /version HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
  "\0\u0001\u0002",
];

function keep(room: Room, socket: Socket): Socket {
  room.clients.add(socket);
  socket.on("error", () => undefined).once("close", () => room.clients.delete(socket));
  const [oldest] = room.clients;
  if (room.clients.size > mostClients) oldest?.destroy();
  return socket;
}

/** A client of the API, or of a proxy, that stays as it likes. */
function rudeness(room: Room, dice: Dice): void {
  visit(room, dice, dice.chance(0.3) ? `:${room.api.port}` : dice.pick([...room.listeners(), ":1"]));
}

function visit(room: Room, dice: Dice, address: string): void {
  const port = Number(address.split(":").at(-1));
  const toApi = port === room.api.port;
  const socket = keep(room, connect({ port, host: "127.0.0.1", allowHalfOpen: true }));
  socket.write(toApi ? dice.pick(rudeRequests) : dice.pick(openings));
  if (dice.chance(0.5)) socket.resume();
  // Never both: Node does not close a socket that is reset while it ends.
  const ending = dice.pick(["fin", "rst", "none", "none"]);
  if (ending === "fin") socket.end();
  if (ending === "rst") socket.once("connect", () => socket.resetAndDestroy());
}

/** One that means it, and takes whatever certificate it is shown. */
function secure(room: Room, dice: Dice): void {
  const [, port] = dice.pick([...room.listeners(), "127.0.0.1:1"]).split(/:(?=\d+$)/);
  const socket = connectTls({
    port: Number(port),
    host: "127.0.0.1",
    servername: dice.pick(["x.test", "localhost"]),
    rejectUnauthorized: false,
    ...(dice.chance(0.5) && { ALPNProtocols: ["h2", "http/1.1"] }),
  });
  keep(room, socket).end("GET / HTTP/1.1\r\nHost: x\r\n\r\n").resume();
}

function datagrams(room: Room, dice: Dice): void {
  const port = Number(
    dice
      .pick([...room.listeners(), ":1"])
      .split(":")
      .at(-1),
  );
  const socket = createSocket("udp4").on("error", () => undefined);
  for (let n = 0; n < 5; n += 1) socket.send("x".repeat(dice.pick([0, 1, 1400])), port, "127.0.0.1");
  socket.send("last", port, "127.0.0.1", () => socket.close());
}

async function run(room: Room, from: number, to: number): Promise<void> {
  const calling = new Set<Promise<void>>();
  for (let step = from; step < to; step += 1) {
    const dice = createDice(seed, step);
    const what = dice.below(10);
    if (what < 6) {
      const call = answered(room, dice).finally(() => calling.delete(call));
      calling.add(call);
      // Some at a time, and some after one another.
      if (calling.size > 8 || dice.chance(0.3)) await Promise.all(calling);
    } else if (what < 8) rudeness(room, dice);
    else if (what < 9) secure(room, dice);
    else datagrams(room, dice);
    await setImmediate();
  }
  await Promise.all(calling);
}

async function clearUp(room: Room): Promise<void> {
  const { api } = room;
  const { text } = await api.call("GET", "/sinbin");
  const there = Object.keys((JSON.parse(text) as { readonly proxies: object }).proxies);
  const answer = await api.call(
    "POST",
    "/sinbin/changes",
    there.map((remove) => ({ remove })),
  );
  expect([answer.status, JSON.parse(answer.text)]).toEqual([200, expect.objectContaining({ proxies: {}, faults: {} })]);
  room.hangUp();
}

function count(): Readonly<Record<string, number>> {
  const kinds = ["TCPSocketWrap", "TCPServerWrap", "UDPWrap", "TCPConnectWrap", "GetAddrInfoReqWrap", "PipeWrap"];
  const active = process.getActiveResourcesInfo();
  return Object.fromEntries(kinds.map((kind) => [kind, active.filter((each) => each === kind).length]));
}

/** Sockets say goodbye in their own time. */
async function until<Of>(look: () => Of, wanted: Of): Promise<void> {
  const start = performance.now();
  const isThere = (): boolean => JSON.stringify(look()) === JSON.stringify(wanted);
  while (!isThere() && performance.now() - start < longestAnswerMs) await setImmediate();
  expect(look()).toEqual(wanted);
}

test(`${steps} random steps from seed ${seed} leave a healthy daemon, and nothing else`, async () => {
  const timers = new Set<object>();
  const before = count();
  const room = await openRoom(timers);
  const idle = count();
  const sizes: number[] = [];
  for (const half of [0, 1]) {
    await run(room, half * steps, (half + 1) * steps);
    await clearUp(room);
    await until(() => ({ ...count(), timers: timers.size }), { ...idle, timers: 0 });
    expect((await room.api.call("GET", "/version")).status).toBe(200);
    await until(() => timers.size, 0);
    collect();
    sizes.push(process.memoryUsage().heapUsed);
  }
  const [first = 0, second = 0] = sizes;
  expect(second - first).toBeLessThan(mostGrowth);
  const happened = Map.groupBy(room.api.events, ({ event }) => event);
  expect(happened.get("api.bug")).toBe(undefined);
  // Else it would have tested little.
  const wanted = ["connection.open", "toxic.hit", "fault.inject", "fault.hit", "fault.lift", "proxy.closed"];
  expect(wanted.filter((event) => !happened.has(event))).toEqual([]);
  await room[Symbol.asyncDispose]();
  await until(count, before);
});
