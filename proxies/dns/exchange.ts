/**
 * What passes between clients and the server, over UDP and TCP alike: faults are asked about a query that somebody concerns, and about its reply; all else
 * passes as it is, undecoded.
 *
 *     line.query ──► faults: before ──► line.pass        (a line: a flow, or a connection)
 *     line.put ◄──── faults: after ◄─── line.reply
 */
import type { DnsReply, Transport } from "../../faults/dns/contract.ts";
import { isSameName } from "../../faults/dns/name.ts";
import type { Message } from "../../faults/dns/message.ts";
import type { Clock } from "../../host/host.ts";
import { createDelays, nothingAdded } from "../delays.ts";
import { decideAfter, decideBefore, type Sent } from "./decide.ts";
import { createInjections, type DnsInjection } from "./injections.ts";
import { isLifted, type AskedQuestion, type Meeting, type Telling } from "./meeting.ts";
import { createOrder, unordered, type Order } from "./order.ts";
import { createQuestions, type Answered, type Logical } from "./questions.ts";
import { createRecent } from "./recent.ts";
import { decode, peek, uint16, type Peeked } from "./wire/decode.ts";
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

export interface Exchange extends Disposable {
  query(line: Line, bytes: Uint8Array): void;
  reply(line: Line, bytes: Uint8Array): void;
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
  /** What the bytes say, once it is read; until it is asked for again: what is kept for all that were asked takes more time of the collector of garbage than reading it does. */
  message: Message | undefined;
  /** What the server was asked, if a fault has changed that. */
  passed: Peeked;
  meetings: readonly Meeting[];
  /** When it came, on the monotonic clock. */
  readonly at: number;
}

/** What one line has passed on, in the order of time. */
interface Passed {
  readonly pending: Pending[];
  readonly replied: Pending[];
  readonly order: Order;
}

/** Of one line: replies to older ones find the faults that act by then. */
const mostPending = 256;
/** Of those that were replied to: a server sends a reply twice soon, or never. Whatever is kept, the collector of garbage goes through. */
const mostReplied = 16;
const mostConcerned = 10_000;
/** There is nothing more to be known of each. */
const known = {};

export function createExchange({ clock, onMessage, onLost }: ExchangeOptions): Exchange {
  const injections = createInjections(clock);
  const questions = createQuestions(clock);
  const delays = createDelays(clock);
  const passed = new WeakMap<Line, Passed>();
  const eventsOf = new WeakMap<Line, Readonly<Record<MessageEvent["type"], MessageEvent>>>();
  /** Where the server was asked something else than the client has asked: replies there are looked at also when no fault is left. */
  const askedOtherwise = new WeakSet<Line>();
  /** Names that were asked for while a fault concerned them: somebody may wait for what is answered to another question for the same name. */
  const concerned = createRecent<typeof known>(mostConcerned);
  /** Who waits for the next reply to a question, by client, name and type. */
  const waiting = new Map<string, Set<{ readonly owners: readonly object[] }>>();

  function askedOf(line: Line, peeked: Peeked): AskedQuestion {
    const { connection, transport, client, socket } = line;
    const logical = questions.ask(keyOf(client, peeked.name, peeked.type, peeked.class), peeked.id);
    return { connection, transport, client, socket, question: peeked, logical, attempt: logical.attempts };
  }

  function isConcerned({ connection, client, transport }: Line, question: Peeked): boolean {
    return injections.concern({ connection, client, transport, question });
  }

  function pendingOf(line: Line, peeked: Peeked, bytes: Uint8Array): Pending {
    const asked = askedOf(line, peeked);
    return { asked, bytes, message: undefined, passed: peeked, meetings: [], at: clock.monotonic() };
  }

  function query(line: Line, bytes: Uint8Array): void {
    if (onMessage !== undefined) tell("query", line, bytes);
    const peeked = injections.isEmpty() ? undefined : peek(bytes);
    if (peeked === undefined || peeked.qr || peeked.opcode !== 0 || !isConcerned(line, peeked)) {
      line.pass(bytes);
      return;
    }
    const one = pendingOf(line, peeked, bytes);
    concerned.of(peeked.name.toLowerCase(), () => known);
    keep(passedOf(line).pending, one, mostPending);
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
      send(line, decideAfter(meetings.slice(by + 1), made, message, told), one, message, undefined);
    }
    if (end !== undefined) line.end(end);
    if (pass === undefined) return;
    const put = pass.query === message ? bytes : encode(pass.query);
    one.passed = peek(put) ?? peeked;
    if (pass.query !== message) askedOtherwise.add(line);
    const kept = pass.delay.size > 0 ? Uint8Array.from(put) : put;
    if (!delays.hold(pass.delay, () => line.pass(kept))) onLost(line, "upstream");
  }

  function reply(line: Line, bytes: Uint8Array): void {
    const passes = injections.isEmpty() && !askedOtherwise.has(line);
    const peeked = passes ? undefined : peek(bytes);
    const one = passes ? undefined : pendingFor(line, peeked, bytes);
    if (one !== undefined) one.meetings = injections.meet(one.asked, one.meetings);
    const meetings = one === undefined ? [] : lastingOf(one.meetings);
    const isRead = meetings.some(
      ({ chosen, owner: { fault } }) => fault.remember !== undefined || (chosen && fault.after !== undefined),
    );
    const asked = isRead && one !== undefined ? read(one) : undefined;
    if (one !== undefined) one.message = undefined;
    const came = asked === undefined ? undefined : messageOf(bytes);
    if (one === undefined || asked === undefined || came === undefined) {
      deliverInOrder(line, bytes);
      if (one !== undefined) replied(one, answeredBy(bytes, one.asked.question));
      else if (peeked !== undefined && concerned.get(peeked.name.toLowerCase()) !== undefined)
        repliedTo(keyOf(line.client, peeked.name, peeked.type, peeked.class));
      return;
    }
    const whole: Whole = { message: came, bytes };
    const told = telling(line, asked, whole);
    const sent: readonly Sent[] = [{ reply: { message: came, laterMs: 0 }, delay: nothingAdded }];
    send(line, decideAfter(meetings, sent, asked, told), one, asked, whole);
  }

  /** Whose reply it is: the latest query of its id, and of its name if it has one, as it was passed on. A reply to what was asked before any fault was there asks for itself. */
  function pendingFor(line: Line, peeked: Peeked | undefined, bytes: Uint8Array): Pending | undefined {
    const id = bytes.length < 2 ? undefined : uint16(bytes, 0);
    const found = takePending(line, ({ passed: asked }) => {
      if (asked.id !== id) return false;
      return peeked === undefined || (isSameName(asked.name, peeked.name) && asked.type === peeked.type);
    });
    if (found !== undefined || peeked === undefined || !isConcerned(line, peeked)) return found;
    const message = messageOf(bytes);
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

  function passedOf(line: Line): Passed {
    let ofLine = passed.get(line);
    if (ofLine === undefined) passed.set(line, (ofLine = { pending: [], replied: [], order: createOrder() }));
    return ofLine;
  }

  function takePending(line: Line, isIts: (one: Pending) => boolean): Pending | undefined {
    const { pending, replied: before } = passedOf(line);
    const index = pending.findLastIndex(isIts);
    const [one] = index < 0 ? [] : pending.splice(index, 1);
    if (one === undefined) return before.findLast(isIts);
    keep(before, one, mostReplied);
    return one;
  }

  function orderOf(line: Line): Order {
    return line.transport === "udp" ? unordered : passedOf(line).order;
  }

  function deliverInOrder(line: Line, bytes: Uint8Array): void {
    const order = orderOf(line);
    if (bytes.length < 2 || order.isNext(uint16(bytes, 0))) {
      deliver(line, [{ bytes }]);
      return;
    }
    const kept = Uint8Array.from(bytes);
    order.keepBack(uint16(kept, 0), () => deliver(line, [{ bytes: kept }]))();
  }

  function send(line: Line, all: readonly Sent[], one: Pending, asked: Message, whole: Whole | undefined): void {
    const { id } = one.asked.question;
    const order = orderOf(line);
    const ready: Put[] = [];
    for (const sent of all) {
      const { source, framing, behind } = sent.reply;
      const full = bytesOf(sent.reply, asked, line.transport, whole);
      const { length } = sent.reply;
      const bytes = length !== undefined && line.transport === "udp" ? full.subarray(0, length) : full;
      const put: Put = { bytes, ...(source && { source }), ...(framing && { framing }) };
      const isWhole = framing?.length === undefined && framing?.bytes === undefined;
      const answered = source === undefined && isWhole ? answeredBy(bytes, one.asked.question) : undefined;
      if (sent.delay.size === 0 && order.isNext(id)) {
        ready.push(put);
        replied(one, answered);
        continue;
      }
      const kept = { ...put, bytes: Uint8Array.from(bytes) };
      line.keeps(1);
      let isLost = false;
      const go = order.keepBack(id, () => {
        line.keeps(-1);
        if (isLost) return;
        deliver(line, [kept]);
        replied(one, answered);
      });
      if (!hold(sent, one, behind, go)) {
        isLost = true;
        go();
        onLost(line, "downstream");
      }
    }
    if (ready.length > 0) deliver(line, ready);
  }

  function telling({ transport }: Line, asked: Message, whole: Whole | undefined): Telling {
    return { now: clock.wall(), sizeOf: (each) => bytesOf(each, asked, transport, whole).length };
  }

  function hold({ delay }: Sent, one: Pending, behind: string | undefined, go: () => void): boolean {
    if (behind === undefined) return delays.hold(delay, go);
    const { client, question } = one.asked;
    const key = keyOf(client, question.name, behind, question.class);
    if (questions.repliedAt(key) >= one.at) {
      go();
      return true;
    }
    const held = { owners: [...delay.keys()] };
    const all = waiting.get(key) ?? new Set();
    waiting.set(key, all.add(held));
    // What ends the waiting is an owner like any other.
    const longest = Math.max(...delay.values());
    return delays.hold(new Map([[held, longest]]), () => {
      all.delete(held);
      if (all.size === 0) waiting.delete(key);
      go();
    });
  }

  function replied({ asked }: Pending, answered: Answered): void {
    questions.answered(asked.logical, answered);
    repliedTo(asked.logical);
  }

  function repliedTo(question: Logical | string): void {
    questions.replied(question);
    if (waiting.size === 0) return;
    const waits = waiting.get(typeof question === "string" ? question : question.known.key);
    if (waits === undefined) return;
    const all = [...waits];
    // Behind what is under way just now.
    if (all.length > 0) queueMicrotask(() => all.forEach((held) => delays.lift(held)));
  }

  function deliver(line: Line, all: readonly Put[]): void {
    line.put(all);
    if (onMessage === undefined) return;
    for (const { bytes, source, framing } of all) {
      const came = framing?.bytes === undefined ? bytes : bytes.subarray(0, Math.max(0, framing.bytes - 2));
      const length = framing?.length ?? bytes.length;
      const isPlain = source === undefined && length === came.length;
      const more = { ...(source && { source }), ...(length !== came.length && { length }) };
      tell("reply", line, came, isPlain ? undefined : more);
    }
  }

  function tell(
    type: MessageEvent["type"],
    line: Line,
    bytes: Uint8Array,
    more?: Pick<MessageEvent, "source" | "length">,
  ): void {
    const { connection, transport } = line;
    if (more !== undefined) {
      onMessage?.({ type, connection, transport, ...more }, bytes);
      return;
    }
    // The same of all: whoever remembers thousands has one.
    let events = eventsOf.get(line);
    if (events === undefined) {
      events = { query: { type: "query", connection, transport }, reply: { type: "reply", connection, transport } };
      eventsOf.set(line, events);
    }
    onMessage?.(events[type], bytes);
  }

  return {
    query,
    reply,
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
function answeredBy(bytes: Uint8Array, query: Peeked): Answered {
  const reply = peek(bytes);
  const isIts = reply !== undefined && reply.qr && reply.id === query.id && isSameName(reply.name, query.name);
  if (!isIts || reply.type !== query.type || reply.tc) return undefined;
  return reply.rcode === 0 || reply.rcode === 3 ? "well" : "badly";
}

function keyOf(client: string, name: string, type: string, of: string): string {
  return `${client} ${name.toLowerCase()} ${type} ${of}`;
}
