/**
 * One link's NTP proxy: a relay of datagrams that reads what faults concern, and passes everything else on as it is.
 *
 *     client ──► request ──► faults ──► flow ──► server
 *     client ◄── faults ◄─── reply ◄─── flow ◄───┘
 *
 * The true time, by which faults reckon and in which answers are made that the server has not given, is that of the proxy's host.
 */
import type { Address, DatagramSocket, Host } from "../../host/host.ts";
import type { NtpFault, NtpReply } from "../../faults/ntp/contract.ts";
import { wrongBy } from "../../faults/ntp/packet.ts";
import type { Selection } from "../chosen.ts";
import { createInjections, type Meeting as Met, type Party } from "../injections.ts";
import type { BothWays, LiveConnection } from "../live.ts";
import { startUdpRelay, type BothDirections, type Ends, type RelayEvent } from "../udp/relay.ts";
import { bytesOf, decideAfter, decideBefore, type Meeting, type Sent } from "./decide.ts";
import { createDelays } from "../delays.ts";
import { decode, encode, type NtpPacket } from "./wire/packet.ts";

export interface NtpProxyOptions {
  readonly host: Host;
  readonly listen: { readonly host?: string; readonly port: number };
  /** Where the server is; asked for every request, since a restarted server may have moved. While it is nowhere, requests are lost. */
  readonly server: () => Address | Promise<Address>;
  /** Of flows. */
  readonly onEvent: (event: RelayEvent) => void;
  /** Every packet that a client sends or is sent; `wire/dump.ts` has a line for the bytes. */
  readonly onPacket?: (event: PacketEvent, bytes: Uint8Array) => void;
  /** How long nothing passes until a flow ends: longer than the shortest interval at which clients usually ask. */
  readonly idleMs?: number;
}

/** That a client has sent a packet, or was sent one. */
export interface PacketEvent {
  readonly type: "request" | "reply";
  readonly connection: number;
  /** Counts within the connection, which is a flow; of a reply that belongs to none that was read, the latest one. */
  readonly request: number;
  /** Unix time. */
  readonly now: number;
  readonly fromElsewhere?: true;
}

/** Ordinals count requests, of all clients together. */
export interface NtpInjection extends Omit<Selection, "direction"> {
  readonly fault: NtpFault;
  /** Validated by the fault's schema. */
  readonly parameters: object;
  /** Once for each request that the fault has really changed something for. */
  readonly onHit: (detail: Readonly<Record<string, unknown>>) => void;
}

export interface NtpProxy extends AsyncDisposable {
  readonly address: Address;
  /** Takes effect before it resolves, on what is asked and answered from then on; disposing the result lifts it, but for pulses. */
  inject(injection: NtpInjection): Promise<AsyncDisposable>;
  traffic(): BothWays;
  connections(): readonly LiveConnection[];
}

interface Injected extends NtpInjection {
  /** Unix time. */
  readonly since: number;
}

/** A flow: how many requests there were, and the latest of those that were read. */
interface Asking extends Ends {
  count: number;
  readonly latest: Asked[];
}

interface Asked extends Party<Injected> {
  readonly packet: NtpPacket;
  readonly request: number;
  readonly meetings: Meeting[];
  answered: boolean;
}

/** Of one flow: replies to older ones belong to nobody. */
const mostAsked = 16;
/** Of one injection: it forgets the client that it has met first. */
const mostClients = 10_000;

/** @throws {Error} with `code` EADDRINUSE and so on if it can't listen. */
export async function startNtpProxy(options: NtpProxyOptions): Promise<NtpProxy> {
  const { host, listen, server, onEvent, onPacket = () => {}, idleMs = 120_000 } = options;
  /** By flow. */
  const asking = new Map<number, Asking>();
  const states = new WeakMap<object, Map<string, object>>();
  const delays = createDelays(host.clock);
  const underWay = (): readonly Asked[] =>
    [...asking.values()].flatMap(({ latest }) => latest.filter(({ answered }) => !answered));
  const injections = createInjections<Injected>(host.clock, underWay);
  let injected = 0;
  /** What pulses have made of the server's time, and those of them that nobody has noticed yet. */
  let wrongByMs = 0;
  /** As the latest reply that could have shown it has. */
  let shownByMs = 0;
  const unnoticed = new Set<NtpInjection>();
  let elsewhere: Promise<DatagramSocket> | undefined;

  function through(ends: Ends): BothDirections {
    const flow: Asking = { ...ends, count: 0, latest: [] };
    asking.set(ends.connection, flow);
    return { upstream: (bytes) => onRequest(flow, bytes), downstream: (bytes) => onReply(flow, bytes) };
  }

  function onRequest(flow: Asking, bytes: Uint8Array): void {
    const { connection, client, pass } = flow;
    flow.count += 1;
    const request = flow.count;
    const now = host.clock.wall();
    const tell = (): void => onPacket({ type: "request", connection, request, now }, bytes);
    const decoded = isConcerned() ? decode(bytes) : undefined;
    if (decoded === undefined || !("packet" in decoded)) {
      pass.upstream(bytes);
      tell();
      return;
    }
    const asked = askedOf(decoded.packet, connection, request, client);
    flow.latest.push(asked);
    if (flow.latest.length > mostAsked) flow.latest.shift();
    injections.welcome(asked);
    const decision = decideBefore(asked.meetings, asked.packet, now);
    tell();
    switch (decision.type) {
      case "drop":
        asked.answered = true;
        return;
      case "answer":
        asked.answered = true;
        send(decideAfter(asked.meetings.slice(decision.by + 1), decision.replies, asked.packet, now), client, asked);
        return;
      case "pass": {
        const put = decision.packet === asked.packet ? bytes : encode(decision.packet);
        if (!delays.hold(decision.delay, () => pass.upstream(put)))
          onEvent({ type: "lost", connection, direction: "upstream", why: "no-room" });
      }
    }
  }

  function onReply({ connection, client, pass, count, latest }: Asking, bytes: Uint8Array): void {
    const now = host.clock.wall();
    const decoded = isConcerned() ? decode(bytes) : undefined;
    if (decoded === undefined || !("packet" in decoded) || latest.length === 0) {
      pass.downstream(bytes);
      onPacket({ type: "reply", connection, request: count, now }, bytes);
      return;
    }
    const { packet } = decoded;
    const asked = askedBy(packet, latest);
    if (asked === undefined) return;
    asked.answered = true;
    for (const { onHit } of unnoticed) onHit({ connection, request: asked.request });
    unnoticed.clear();
    shownByMs = wrongByMs;
    const shown = wrongByMs === 0 ? packet : wrongBy(packet, wrongByMs);
    send(decideAfter(asked.meetings, [{ packet: shown, laterMs: 0 }], asked.packet, now), client, asked);
  }

  /** A reply may come again when its request was answered long ago. */
  function lift(owner: object): void {
    for (const { latest } of asking.values()) for (const asked of latest) asked.lift(owner);
    delays.lift(owner);
  }

  /** Whatever it is, there is somebody for whom it has to be read. */
  function isConcerned(): boolean {
    return injected > 0 || wrongByMs !== 0 || unnoticed.size > 0;
  }

  function askedOf(packet: NtpPacket, connection: number, request: number, client: Address): Asked {
    const meetings: Meeting[] = [];
    return {
      number: connection,
      client: () => client,
      packet,
      request,
      meetings,
      answered: false,
      take: (met) => void meetings.push(meetingOf(met, client.host, request)),
      lift(owner) {
        const place = meetings.findIndex((meeting) => meeting.owner === owner);
        if (place >= 0) meetings.splice(place, 1);
      },
    };
  }

  function meetingOf(
    { owner, injection, draw, hit, ordinal }: Met<Injected>,
    client: string,
    request: number,
  ): Meeting {
    const { fault, since } = injection;
    const parameters = injection.parameters as Record<string, unknown>;
    const known = states.get(owner) ?? new Map<string, object>();
    states.set(owner, known);
    const state = known.get(client) ?? fault.start(parameters);
    known.set(client, state);
    for (const first of known.keys()) {
      if (known.size <= mostClients) break;
      known.delete(first);
    }
    return { owner, fault, parameters, state, context: { ordinal, since, client, draw }, hit: () => hit({ request }) };
  }

  function send(sent: readonly Sent[], client: Address, { number: connection, request }: Asked): void {
    for (const { reply, delay } of sent) {
      const go = (): void => {
        const bytes = bytesOf(reply);
        if (reply.fromElsewhere === true) void sendFromElsewhere(bytes, client);
        else relay.send(bytes, client);
        tellReply(reply, bytes, connection, request);
      };
      if (!delays.hold(delay, go)) onEvent({ type: "lost", connection, direction: "downstream", why: "no-room" });
    }
  }

  function tellReply({ fromElsewhere }: NtpReply, bytes: Uint8Array, connection: number, request: number): void {
    const now = host.clock.wall();
    onPacket({ type: "reply", connection, request, now, ...(fromElsewhere === true && { fromElsewhere }) }, bytes);
  }

  async function sendFromElsewhere(bytes: Uint8Array, client: Address): Promise<void> {
    elsewhere ??= host.network.bind({ ...listen, port: 0 }, () => {});
    try {
      (await elsewhere).send(bytes, client);
    } catch {
      // It is lost, as on the way; and another try may have more luck.
      elsewhere = undefined;
    }
  }

  const relay = await startUdpRelay({
    host,
    listen,
    server,
    idleMs,
    through,
    onEvent(event) {
      if (event.type === "close") asking.delete(event.connection);
      onEvent(event);
    },
  });

  return {
    address: relay.address,
    traffic: () => relay.traffic(),
    connections: () => relay.connections(),
    async inject(injection) {
      const { fault, parameters } = injection;
      if (fault.turn !== undefined) {
        const turned = fault.turn(wrongByMs, parameters as Record<string, unknown>);
        if (turned !== wrongByMs) unnoticed.add(injection);
        wrongByMs = turned;
        // All is as it was when somebody looked last: nobody will ever notice.
        if (turned === shownByMs) unnoticed.clear();
        return { [Symbol.asyncDispose]: async () => {} };
      }
      const barred = fault.door === "shut" ? await relay.shut() : undefined;
      const lasting = injections.inject({ ...injection, since: host.clock.wall() }, lift);
      injected += 1;
      let lifted = false;
      return {
        async [Symbol.asyncDispose]() {
          if (lifted) return;
          lifted = true;
          lasting[Symbol.dispose]();
          injected -= 1;
          await barred?.[Symbol.asyncDispose]();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      injections.clear();
      delays[Symbol.dispose]();
      await relay[Symbol.asyncDispose]();
      await (await elsewhere?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}

/** Some clients send the same Transmit Timestamp each time, and be it 0: then the oldest that waits is answered first, as servers do. */
function askedBy({ origin }: NtpPacket, latest: readonly Asked[]): Asked | undefined {
  const same = latest.filter(({ packet: { transmit } }) => transmit === origin);
  return same.find(({ answered }) => !answered) ?? same.at(-1) ?? latest.at(-1);
}
