/**
 * What passes between clients and the server, over UDP and TCP alike: faults are asked about a query that somebody concerns, and about its reply; all else
 * passes as it is, undecoded.
 *
 *     query ──────► faults: before ──► line.pass        (a line: a flow, or a connection)
 *     line.put ◄─── faults: after ◄─── reply
 */
import type { DnsReply, Transport } from "../../faults/dns/contract.ts";
import type { Message } from "../../faults/dns/message.ts";
import type { Clock } from "../../host/host.ts";
import { createDelays, nothingAdded, type Delay } from "../delays.ts";
import { decideAfter, decideBefore, type Sent } from "./decide.ts";
import { createInjections, type DnsInjection } from "./injections.ts";
import { isLifted, type AskedQuestion, type Meeting, type Telling } from "./meeting.ts";
import { createOrder, unordered, type Order } from "./order.ts";
import { createQuestions, type Answered, type Series } from "./questions.ts";
import { asksTheSame, decode, headerOf, peek, uint16, type Peeked } from "./wire/decode.ts";
import { encode } from "./wire/encode.ts";
import { fit, payloadOf } from "./wire/fit.ts";

/** Between one socket of a client's and the server. */
export interface Line {
  readonly connection: number;
  readonly transport: Transport;
  /** The client's address, and with its port. */
  readonly client: string;
  readonly socket: string;
  pass(bytes: Uint8Array): void;
  /** To the client, all at the same moment. */
  put(all: readonly Put[]): void;
  end(how: "reset" | "close"): void;
  /** How many more replies are kept back, or fewer. */
  keeps(more: 1 | -1): void;
}

export interface Put extends Pick<DnsReply, "source" | "framing"> {
  readonly bytes: Uint8Array;
}

/** That a client has sent a message, or was sent one. */
export interface MessageEvent {
  readonly type: "query" | "reply";
  readonly connection: number;
  readonly transport: Transport;
  /** Of another port, or another address, than the one that was asked. */
  readonly source?: "port" | "address";
  /** Over TCP: what the two bytes in front of it say, if it is not how long it is. */
  readonly length?: number;
}

export type OnMessage = (event: MessageEvent, bytes: Uint8Array) => void;

export interface ExchangeOptions {
  readonly clock: Clock;
  /** `wire/dump.ts` has a line for the bytes. */
  readonly onMessage: OnMessage | undefined;
  /** There is no room to keep back one more. */
  readonly onLost: (line: Line, direction: "upstream" | "downstream") => void;
}

/** What comes over one line goes in here. */
export interface Passage {
  readonly query: (bytes: Uint8Array) => void;
  readonly reply: (bytes: Uint8Array) => void;
}

export interface Exchange extends Disposable {
  join(line: Line): Passage;
  /** Disposing the result lifts it. `connections`: how many there have been. */
  inject(injection: DnsInjection, connections: number): Disposable;
  /** Nobody meets any fault any more. */
  clear(): void;
}

/** What the server has really sent, which goes as it is if nobody changes it. */
interface Whole {
  readonly message: Message;
  readonly bytes: Uint8Array;
}

/** A query that was passed on, and may be replied to. */
interface Pending {
  readonly asked: AskedQuestion;
  readonly bytes: Uint8Array;
  /** What the bytes say, once it is read, and until the reply has come: whatever is kept, the collector of garbage goes through. */
  message: Message | undefined;
  /** What the server was asked: something else, if a fault has changed it. */
  passed: Uint8Array;
  meetings: readonly Meeting[];
  /** Of all queries and replies, which one it was. */
  readonly place: number;
}

/** What one line has passed on, in the order of time. */
interface Passed {
  readonly line: Line;
  readonly pending: Pending[];
  readonly replied: Pending[];
  readonly order: Order;
  /** The server was asked something else than the client has asked: replies are looked at also when no fault is left. */
  askedOtherwise: boolean;
  /** The same of all that are plain: whoever remembers thousands has one. */
  readonly events: Readonly<Record<MessageEvent["type"], MessageEvent>>;
}

/** Of one line: replies to older ones find the faults that act by then. */
const mostPending = 256;
/** Of those that were replied to: a server sends a reply twice soon, or never. */
const mostReplied = 16;

export function createExchange({ clock, onMessage, onLost }: ExchangeOptions): Exchange {
  const injections = createInjections(clock);
  const questions = createQuestions(clock);
  const delays = createDelays(clock);
  /** Queries that have come, and replies that have gone. */
  let places = 0;
  /** Who waits for the next reply to a question. */
  const waiting = new Map<Series, Set<{ readonly owners: readonly object[] }>>();

  function askedOf({ connection, transport, client, socket }: Line, peeked: Peeked): AskedQuestion {
    const series = questions.ask(client, peeked);
    const { number, attempts: attempt } = series;
    return { connection, transport, client, socket, question: peeked, series, number, attempt };
  }

  function isConcerned({ connection, client, transport }: Line, question: Peeked): boolean {
    return injections.concern({ connection, client, transport, question });
  }

  function pendingOf(line: Line, peeked: Peeked, bytes: Uint8Array): Pending {
    const asked = askedOf(line, peeked);
    return { asked, bytes, message: undefined, passed: bytes, meetings: [], place: (places += 1) };
  }

  function query(passage: Passed, bytes: Uint8Array): void {
    const { line } = passage;
    onMessage?.(passage.events.query, bytes);
    const peeked = injections.isEmpty() ? undefined : peek(bytes);
    if (peeked === undefined || peeked.qr || peeked.opcode !== 0 || !isConcerned(line, peeked)) {
      line.pass(bytes);
      return;
    }
    const one = pendingOf(line, peeked, bytes);
    keep(passage.pending, one, mostPending);
    one.meetings = injections.meet(one.asked, one.meetings);
    const { meetings } = one;
    const decides = meetings.some(({ chosen, owner }) => chosen && owner.fault.before !== undefined);
    const message = decides ? read(one) : undefined;
    if (message === undefined) {
      line.pass(bytes);
      return;
    }
    const told = telling(line, message, undefined);
    const { pass, answers, end } = decideBefore(meetings, message, told);
    for (const { by, replies } of answers) {
      const made = replies.map((reply): Sent => ({
        reply,
        delay: reply.laterMs === 0 ? nothingAdded : new Map([[meetings[by]?.owner ?? reply, reply.laterMs]]),
      }));
      send(passage, decideAfter(meetings.slice(by + 1), made, message, told), one, message, undefined);
    }
    if (end !== undefined) line.end(end);
    if (pass === undefined) return;
    if (pass.query !== message) {
      one.passed = encode(pass.query);
      passage.askedOtherwise = true;
    }
    if (pass.delay.size === 0) line.pass(one.passed);
    else passLater(line, one.passed, pass.delay);
  }

  function passLater(line: Line, bytes: Uint8Array, delay: Delay): void {
    if (!delays.hold(delay, () => line.pass(bytes))) onLost(line, "upstream");
  }

  function reply(passage: Passed, bytes: Uint8Array): void {
    if (injections.isEmpty() && !passage.askedOtherwise) {
      deliverInOrder(passage, bytes);
      return;
    }
    const known = takePending(passage, bytes);
    const peeked = known === undefined ? peek(bytes) : undefined;
    const one = known ?? (peeked === undefined ? undefined : unseen(passage.line, peeked, bytes));
    if (one === undefined) {
      deliverInOrder(passage, bytes);
      // Somebody may wait for what is answered to another question for the same name.
      const series = peeked === undefined ? undefined : questions.ofKnownName(passage.line.client, peeked);
      if (series !== undefined) repliedTo(series);
      return;
    }
    one.meetings = injections.meet(one.asked, one.meetings);
    const meetings = lastingOf(one.meetings);
    const isRead = meetings.some(
      ({ chosen, owner: { fault } }) => fault.remember !== undefined || (chosen && fault.after !== undefined),
    );
    const asked = isRead ? read(one) : undefined;
    one.message = undefined;
    const came = asked === undefined ? undefined : messageOf(bytes);
    if (asked === undefined || came === undefined) {
      deliverInOrder(passage, bytes);
      replied(one, answeredBy({ bytes }, one));
      return;
    }
    const whole: Whole = { message: came, bytes };
    const told = telling(passage.line, asked, whole);
    const sent: readonly Sent[] = [{ reply: { message: came, laterMs: 0 }, delay: nothingAdded }];
    send(passage, decideAfter(meetings, sent, asked, told), one, asked, whole);
  }

  /** A reply to what was asked before any fault was there asks for itself. */
  function unseen(line: Line, peeked: Peeked, bytes: Uint8Array): Pending | undefined {
    const message = isConcerned(line, peeked) ? messageOf(bytes) : undefined;
    if (message === undefined) return undefined;
    const question: Message = {
      ...message,
      qr: false,
      aa: false,
      tc: false,
      ra: false,
      ad: false,
      rcode: 0,
      answers: [],
      authorities: [],
      additionals: [],
    };
    return { ...pendingOf(line, peeked, encode(question)), message: question };
  }

  function deliverInOrder(passage: Passed, bytes: Uint8Array): void {
    const { order } = passage;
    const id = uint16(bytes, 0);
    if (bytes.length < 2 || order.isNext(id)) deliver(passage, [{ bytes }]);
    else order.keepBack(id, () => deliver(passage, [{ bytes }]))();
  }

  function send(passage: Passed, all: readonly Sent[], one: Pending, asked: Message, whole: Whole | undefined): void {
    const { line, order } = passage;
    const ready: Put[] = [];
    for (const sent of all) {
      const { source, framing, length } = sent.reply;
      const full = bytesOf(sent.reply, asked, line.transport, whole);
      const bytes = length !== undefined && line.transport === "udp" ? full.subarray(0, length) : full;
      const put: Put = { bytes, ...(source && { source }), ...(framing && { framing }) };
      if (sent.delay.size > 0 || !order.isNext(one.asked.question.id)) sendLater(passage, put, sent, one);
      else {
        ready.push(put);
        replied(one, answeredBy(put, one));
      }
    }
    if (ready.length > 0) deliver(passage, ready);
  }

  function sendLater(passage: Passed, put: Put, sent: Sent, one: Pending): void {
    const { line, order } = passage;
    line.keeps(1);
    let isLost = false;
    const go = order.keepBack(one.asked.question.id, () => {
      line.keeps(-1);
      if (isLost) return;
      deliver(passage, [put]);
      replied(one, answeredBy(put, one));
    });
    if (hold(sent, one, go)) return;
    isLost = true;
    go();
    onLost(line, "downstream");
  }

  function telling({ transport }: Line, asked: Message, whole: Whole | undefined): Telling {
    return { now: clock.wall(), sizeOf: (each) => bytesOf(each, asked, transport, whole).length };
  }

  function hold({ delay, reply: { behind } }: Sent, one: Pending, go: () => void): boolean {
    const { client, question } = one.asked;
    const awaited = behind === undefined ? undefined : questions.ofKnownName(client, { ...question, type: behind });
    if (awaited === undefined) return delays.hold(delay, go);
    if (awaited.replied > one.place) {
      go();
      return true;
    }
    const held = { owners: [...delay.keys()] };
    const all = waiting.get(awaited) ?? new Set();
    waiting.set(awaited, all.add(held));
    // What ends the waiting is an owner like any other.
    const longest = Math.max(...delay.values());
    return delays.hold(new Map([[held, longest]]), () => {
      all.delete(held);
      if (all.size === 0) waiting.delete(awaited);
      go();
    });
  }

  function replied({ asked: { series, number } }: Pending, answered: Answered): void {
    questions.answered(series, number, answered);
    repliedTo(series);
  }

  function repliedTo(series: Series): void {
    series.replied = places += 1;
    const waits = waiting.get(series);
    if (waits === undefined) return;
    const all = [...waits];
    // Behind what is under way just now.
    if (all.length > 0) queueMicrotask(() => all.forEach((held) => delays.lift(held)));
  }

  function deliver({ line, events }: Passed, all: readonly Put[]): void {
    line.put(all);
    if (onMessage === undefined) return;
    for (const { bytes, source, framing } of all) {
      const came = framing?.bytes === undefined ? bytes : bytes.subarray(0, Math.max(0, framing.bytes - 2));
      const length = framing?.length ?? bytes.length;
      const isPlain = source === undefined && length === came.length;
      const more = { ...(source && { source }), ...(length !== came.length && { length }) };
      onMessage(isPlain ? events.reply : { ...events.reply, ...more }, came);
    }
  }

  return {
    join(line) {
      const { connection, transport } = line;
      const passage: Passed = {
        line,
        pending: [],
        replied: [],
        order: transport === "udp" ? unordered : createOrder(),
        askedOtherwise: false,
        events: { query: { type: "query", connection, transport }, reply: { type: "reply", connection, transport } },
      };
      return { query: (bytes) => query(passage, bytes), reply: (bytes) => reply(passage, bytes) };
    },
    inject(injection, connections) {
      const owner = injections.add(injection, connections);
      return {
        [Symbol.dispose]() {
          if (!injections.remove(owner)) return;
          delays.lift(owner);
          for (const held of [...waiting.values()].flatMap((all) => [...all]))
            if (held.owners.includes(owner)) delays.lift(held);
        },
      };
    },
    clear: () => injections.clear(),
    [Symbol.dispose]: () => delays[Symbol.dispose](),
  };
}

function keep(all: Pending[], one: Pending, most: number): void {
  all.push(one);
  if (all.length > most) all.shift();
}

/** Whose reply it is: the latest query of its id, and of its question if it has one, as it was passed on. */
function takePending({ pending, replied: before }: Passed, bytes: Uint8Array): Pending | undefined {
  if (bytes.length < 2) return undefined;
  let hasQuestion: boolean | undefined;
  const isIts = ({ passed }: Pending): boolean => {
    if (uint16(passed, 0) !== uint16(bytes, 0)) return false;
    return asksTheSame(passed, bytes) || !(hasQuestion ??= peek(bytes) !== undefined);
  };
  const index = pending.findLastIndex(isIts);
  const [one] = index < 0 ? [] : pending.splice(index, 1);
  if (one === undefined) return before.findLast(isIts);
  keep(before, one, mostReplied);
  return one;
}

function lastingOf(meetings: readonly Meeting[]): readonly Meeting[] {
  return meetings.some(isLifted) ? meetings.filter((meeting) => !isLifted(meeting)) : meetings;
}

function read(one: Pending): Message | undefined {
  return (one.message ??= messageOf(one.bytes));
}

function messageOf(bytes: Uint8Array): Message | undefined {
  const decoded = decode(bytes);
  return "message" in decoded ? decoded.message : undefined;
}

function bytesOf(
  { message, bytes, oversize }: DnsReply,
  asked: Message,
  transport: Transport,
  whole: Whole | undefined,
): Uint8Array {
  if (bytes === undefined && message === whole?.message) return whole.bytes;
  if (bytes !== undefined) return bytes;
  return transport === "tcp" || oversize === true ? encode(message) : fit(message, payloadOf(asked));
}

/** What a client makes of it. Which of the rcodes are answers: RFC 2308; all others say that somebody else may do better. */
function answeredBy({ bytes, source, framing }: Put, { bytes: query }: Pending): Answered {
  if (source !== undefined || framing?.length !== undefined || framing?.bytes !== undefined) return undefined;
  const { id, qr, tc, rcode } = headerOf(bytes);
  if (!qr || tc || id !== uint16(query, 0) || !asksTheSame(query, bytes)) return undefined;
  return rcode === 0 || rcode === 3 ? "well" : "badly";
}
