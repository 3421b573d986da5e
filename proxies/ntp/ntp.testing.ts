/** NTP's parts for tests: a server that tells the true time, a proxy in front of it, and what is asked and answered, on real sockets. */
import { execFile, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requestOf, serverMode, type NtpPacket } from "../../faults/ntp/packet.ts";
import { differenceMs, timestampOf } from "../../faults/ntp/timestamp.ts";
import type { Address } from "../../host/host.ts";
import { createRealHost } from "../../host/real.ts";
import { injectorOf, type Hits, type Inject } from "../injecting.testing.ts";
import type { RelayEvent } from "../udp/relay.ts";
import { startNtpProxy, type NtpInjection, type NtpProxy, type PacketEvent } from "./proxy.ts";
import { describe } from "./wire/dump.ts";
import { decode, encode } from "./wire/packet.ts";

export type ToldPacket = Omit<PacketEvent, "now"> & { readonly packet: string };

export interface Scene extends AsyncDisposable {
  readonly proxy: NtpProxy;
  readonly port: number;
  readonly events: readonly (RelayEvent | ToldPacket)[];
  readonly hits: readonly Readonly<Record<string, unknown>>[];
  /** The server's port, what it was asked, and what it has answered. */
  readonly server: {
    readonly port: number;
    readonly asked: readonly NtpPacket[];
    readonly answered: readonly NtpPacket[];
    /** Sends its last answer once more. */
    readonly repeat: () => void;
  };
  /** By how many seconds a reply is wrong: later or earlier than what the server sent last. */
  readonly wrongBy: (packet: NtpPacket | undefined) => number;
  readonly inject: Inject<NtpInjection>;
}

/** What a stratum 2 server says whose clock is the machine's. */
export function answerTo(request: NtpPacket, now = Date.now()): NtpPacket {
  return {
    leap: 0,
    version: request.version,
    mode: serverMode,
    stratum: 2,
    poll: request.poll,
    precision: -23,
    rootDelayMs: 1,
    rootDispersionMs: 1,
    referenceId: 0xc6_12_00_09,
    reference: timestampOf(now - 16_000),
    origin: request.transmit,
    receive: timestampOf(now),
    transmit: timestampOf(now),
    rest: new Uint8Array(),
  };
}

export async function startScene({ host = "127.0.0.1" } = {}): Promise<Scene> {
  await using starting = new AsyncDisposableStack();
  const asked: NtpPacket[] = [];
  const answered: NtpPacket[] = [];
  let repeat: (() => void) | undefined;
  const server = await openSocket(starting, (bytes, reply) => {
    const decoded = decode(bytes);
    if (!("packet" in decoded)) return;
    // At a whole millisecond it may be a whole tick of ntp.precision's, of which that makes nothing else.
    const answer = answerTo(decoded.packet, Date.now() + 0.25);
    asked.push(decoded.packet);
    answered.push(answer);
    repeat = () => reply(encode(answer));
    reply(encode(answer));
  });
  const events: (RelayEvent | ToldPacket)[] = [];
  const hits: Hits = [];
  const proxy = starting.use(
    await startNtpProxy({
      host: createRealHost({ name: "proxy", directory: "/", seed: 1 }),
      listen: { host, port: 0 },
      server: async () => ({ host: "127.0.0.1", port: server.address().port }),
      onEvent: (event) => void events.push(event),
      onPacket: ({ now, ...event }, bytes) => void events.push({ ...event, packet: describe(bytes, now) }),
    }),
  );
  const started = starting.move();
  return {
    proxy,
    port: proxy.address.port,
    events,
    hits,
    server: { port: server.address().port, asked, answered, repeat: () => repeat?.() },
    wrongBy: (packet) => differenceMs(packet?.transmit ?? 0n, answered.at(-1)?.transmit ?? 0n) / 1000,
    inject: injectorOf(proxy, hits),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function openSocket(
  stack: AsyncDisposableStack,
  onMessage: (bytes: Uint8Array, reply: (bytes: Uint8Array) => void, port: number) => void,
): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, { address, port }) => onMessage(bytes, (put) => socket.send(put, port, address), port));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  stack.defer(() => void socket.close());
  return socket;
}

export interface Heard {
  readonly bytes: Uint8Array;
  readonly packet: NtpPacket | undefined;
  /** Of whom it came. */
  readonly port: number;
}

export interface Client extends AsyncDisposable {
  /** Sends a request, and returns it. */
  ask(change?: Partial<NtpPacket>): NtpPacket;
  /** The next that comes, whatever it is. */
  hear(): Promise<Heard>;
  /** Asks, and the next that comes. */
  query(change?: Partial<NtpPacket>): Promise<Heard & { readonly request: NtpPacket }>;
  readonly heard: number;
}

let nonce = 0n;

export async function openClient(port: number): Promise<Client> {
  const stack = new AsyncDisposableStack();
  const waiting: ((heard: Heard) => void)[] = [];
  const arrived: Heard[] = [];
  const socket = await openSocket(stack, (bytes, _reply, from) => {
    const decoded = decode(bytes);
    const heard = { bytes, packet: "packet" in decoded ? decoded.packet : undefined, port: from };
    const next = waiting.shift();
    if (next === undefined) arrived.push(heard);
    else next(heard);
    count += 1;
  });
  let count = 0;
  const client: Client = {
    ask(change = {}) {
      const request = requestWith(change);
      socket.send(encode(request), port, "127.0.0.1");
      return request;
    },
    hear() {
      const first = arrived.shift();
      return first === undefined ? new Promise((resolve) => void waiting.push(resolve)) : Promise.resolve(first);
    },
    async query(change) {
      const request = client.ask(change);
      return { ...(await client.hear()), request };
    },
    get heard() {
      return count;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
  return client;
}

/** Its Transmit Timestamp is a number that nobody else has, as chrony's is: it says nothing of the client's clock. */
export function requestWith(change: Partial<NtpPacket> = {}): NtpPacket {
  nonce += 1n;
  return { ...requestOf((0x5eed_0000n << 32n) + nonce), ...change };
}

export interface Judgement {
  /** By how much it would correct the clock, in seconds: above 0 if the clock is late. Undefined if it would not touch it. */
  readonly offset: number | undefined;
  readonly said: string;
}

/** What chronyd makes of the time that it gets at a port, or of each of several servers: `-Q` says how wrong the clock is, and leaves it alone. */
export async function chronyd(at: number | readonly Address[], options = "", seconds = 10): Promise<Judgement> {
  const servers = typeof at === "number" ? [{ host: "127.0.0.1", port: at }] : at;
  const directives = [
    ...servers.map(({ host, port }) => `server ${host} port ${port} iburst maxsamples 1 ${options}`.trim()),
    // Else it would believe the first one that answers; those that it votes down do not count.
    `minsources ${Math.floor(servers.length / 2) + 1}`,
    "cmdport 0",
  ];
  const said = await new Promise<string>((resolve) => {
    execFile(
      "chronyd",
      ["-Q", "-t", String(seconds), "-u", process.env["USER"] ?? "root", ...directives],
      (_error, stdout, stderr) => resolve(stdout + stderr),
    );
  });
  const [, offset] = /System clock wrong by (-?[\d.]+) seconds/.exec(said) ?? [];
  return { offset: offset === undefined ? undefined : Number(offset), said };
}

/** What chrony found in the latest reply, by the names that `chronyc ntpdata` has for it. */
export type Found = Readonly<Record<string, string>>;

/** A chronyd that asks a port and steers nothing (`-x`), looked into until it has heard what is waited for. */
export async function chronydHears(port: number, isEnough: (heard: Found) => boolean): Promise<Found> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "sinbin-chrony-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const socket = join(folder, "socket");
  const child = spawn(
    "chronyd",
    [
      "-x",
      "-d",
      "-U",
      "-u",
      process.env["USER"] ?? "root",
      `server 127.0.0.1 port ${port} iburst`,
      "cmdport 0",
      `bindcmdaddress ${socket}`,
      `pidfile ${join(folder, "pid")}`,
    ],
    { stdio: "ignore" },
  );
  const ended = once(child, "exit");
  stack.defer(async () => {
    child.kill();
    await ended;
  });
  for (;;) {
    const said = await new Promise<string>((resolve) => {
      execFile("chronyc", ["-n", "-h", socket, "ntpdata"], (_error, stdout) => resolve(stdout));
    });
    const heard = Object.fromEntries(
      said.split("\n").map((line) => {
        const [name = "", ...rest] = line.split(":");
        return [name.trim(), rest.join(":").trim()];
      }),
    );
    if (heard["Leap status"] !== undefined && isEnough(heard)) return heard;
    if (child.exitCode !== null) throw new Error(`chronyd has ended with ${child.exitCode}`);
  }
}
