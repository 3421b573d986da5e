/**
 * One request and its reply.
 *
 *     request ──► faults: before ──► server ──► faults: after ──► client
 *                       └──────── answer ──────────┘
 */
import { Readable } from "node:stream";
import type { IncomingMessage } from "node:http";
import { xmlRpcMethodOf } from "../../faults/http/match.ts";
import {
  headerOf,
  withHeader,
  withoutHeader,
  type Headers,
  type HttpReply,
  type HttpRequest,
} from "../../faults/http/message.ts";
import type { Clock, Socket } from "../../host/host.ts";
import { collect, copied, type Collected } from "./collect.ts";
import { decideAfter, decideBefore, type DecidedBefore } from "./decide.ts";
import { deliver, drain, hasBody, interimBytes, write } from "./delivery.ts";
import { firstOf } from "./first-of.ts";
import type { Forwarder, Outcome } from "./forward.ts";
import type { Arrival, Asked, Injections, Meeting } from "./injections.ts";
import type { Passing } from "./passing.ts";
import { headersOf } from "./raw-headers.ts";
import type { ReadRequest } from "./reader.ts";

/** How much of a request is kept back for those who look into it, change it, or send it again. */
const mostBytesOfRequest = 1024 * 1024;
/** How much of a reply is kept back for faults that need all of it. */
const mostBytesOfReply = 16 * 1024 * 1024;

export interface Reply extends Asked {
  readonly status: number;
  /** Of its body, as the client was sent it. */
  readonly bytes: number;
}

export interface Unreadable extends Asked {
  readonly reason: string;
}

export interface ExchangeOptions {
  readonly asked: Asked;
  readonly arrival: Arrival;
  readonly read: ReadRequest;
  readonly client: Socket;
  readonly clock: Clock;
  readonly injections: Injections;
  readonly passing: Passing;
  readonly forwarder: Forwarder;
  /** The connection's own to the server; undefined if there is none, or no more. */
  readonly upstream: () => Promise<Socket | undefined>;
  /** One more to the server, for a request that is passed on again. */
  readonly dial: () => Promise<Socket>;
  /** Goes on when the exchange is over. */
  readonly inBackground: (work: Promise<void>) => void;
  readonly onSent: () => void;
  readonly onReply: (reply: Reply) => void;
  /** The server's answer is no HTTP, or is none from somewhere on: its connection is lost. */
  readonly onUnreadable: (unreadable: Unreadable) => void;
  /** Aborts when the client is gone. */
  readonly gone: AbortSignal;
}

/**
 * What becomes of the connection. `lost`: as the one to the server was lost; `close`, `reset`: both are ended; `switched`: something else is spoken
 * from now on, of which `rest` has come from the server.
 */
export type End =
  { readonly type: "go-on" | "lost" | "close" | "reset" } | { readonly type: "switched"; readonly rest: Buffer };

interface Answering {
  /** In the order of their injection: those that the reply passes. */
  readonly meetings: readonly Meeting[];
  readonly version: string;
  readonly passing: AsyncIterable<Uint8Array>;
  readonly trailers: () => HttpReply["headers"];
}

export async function exchange(options: ExchangeOptions): Promise<End> {
  const { asked, arrival, read, client, injections, upstream, onSent } = options;
  const { method, target, version, headers, trailers } = read;
  let request: HttpRequest = { method, target, version, headers };
  let body: Readable = read.stream;
  let kept: Collected | undefined;

  /** Kept back, so that it can be looked into, changed, or sent again. */
  async function keep(): Promise<Collected> {
    if (kept !== undefined) return kept;
    if (headerOf(request.headers, "expect") !== undefined) {
      // It does not come by itself, and the server can't be asked yet.
      await write(client, interimBytes({ status: 100, reason: "Continue", headers: [] }));
      request = { ...request, headers: withoutHeader(request.headers, "expect") };
    }
    kept = await collect(body, mostBytesOfRequest);
    body = Readable.from(kept.again(), { objectMode: false });
    return kept;
  }

  const met = new Set<object>();
  const wanted = read.length !== 0 && injections.wantsMethod(request, arrival);
  const called = wanted ? xmlRpcMethodOf((await keep()).bytes) : undefined;
  const meetings = injections.meet({ request, asked, arrival }, called, met);
  const isWanted = meetings.some((meeting) => meeting.chosen && needs(meeting) === "request");
  if (isWanted && read.length !== 0) {
    const { whole, bytes } = await keep();
    if (whole) request = { ...request, body: bytes };
  }
  const before = decideBefore(meetings, request);

  if (before.instead !== undefined) {
    const { decision, by } = before.instead;
    if (decision.type === "end") return { type: decision.how };
    const waits = headerOf(request.headers, "expect") !== undefined;
    const closes = waits || !staysOpen(read);
    const made = { ...decision.reply, headers: mannered(decision.reply.headers, read, closes) };
    const answering = { meetings: meetings.slice(by + 1), version: "1.1", passing: nothing(), trailers: () => [] };
    const [end] = await Promise.all([answer(made, answering, options), waits ? undefined : drain(body)]);
    return closes && end.type === "go-on" ? { type: "close" } : end;
  }

  const repeat = before.repeat !== undefined && (read.length === 0 || (await keep()).whole) ? before.repeat : undefined;
  // What was kept had no Expect, or has it no more.
  const passed = {
    ...before.request,
    headers: kept === undefined ? before.request.headers : withoutHeader(before.request.headers, "expect"),
  };
  const content = (): AsyncGenerator<Uint8Array> =>
    passed.body === undefined ? (kept?.again() ?? nothing()) : only(passed.body);
  const again = repeat === undefined ? undefined : () => passOnAgain(passed, content, repeat, options);
  if (repeat?.reply === "last") await again?.();
  const socket = await upstream();
  if (socket === undefined) return { type: "lost" };
  const outcome = await options.forwarder.forward({
    request: versioned(passed, read),
    body: passed.body === undefined ? body : Readable.from(content(), { objectMode: false }),
    trailers,
    socket,
    onInterim(interim) {
      // A client of HTTP/1.0 does not know them (RFC 9110, section 15.2).
      if (read.version === "1.1") client.write(interimBytes(interim));
    },
    onSent,
    onUnreadable: (reason) => options.onUnreadable({ ...asked, reason }),
  });
  if (repeat?.reply === "first" && again !== undefined) options.inBackground(again());
  return finish(outcome, [...meetings, ...injections.meet({ request, asked, arrival }, called, met)], options);
}

async function finish(outcome: Outcome, meetings: readonly Meeting[], options: ExchangeOptions): Promise<End> {
  const { asked, read, client, onReply } = options;
  if (outcome.type === "lost") return { type: "lost" };
  const { message } = outcome;
  const head = replyOf(message);
  if (outcome.type === "switched") {
    const { status, reason, headers } = head;
    await write(client, interimBytes({ status, reason, headers }));
    onReply({ ...asked, status, bytes: 0 });
    return { type: "switched", rest: outcome.rest };
  }
  let came = head;
  let passing: AsyncIterable<Uint8Array> = message;
  const trailers = () => headersOf(message.rawTrailers);
  const keepers = meetings.flatMap(
    ({ fault, state, parameters }) => fault.remember?.(head, read, state, parameters) ?? [],
  );
  const whenWhole = (body: Buffer): void => {
    for (const keep of keepers) keep({ ...head, body, trailers: trailers() });
  };
  if (hasBody(read.method, head.status)) {
    if (keepers.length > 0) passing = copied(message, mostBytesOfReply, whenWhole);
    if (meetings.some((meeting) => meeting.chosen && needs(meeting) === "reply")) {
      try {
        const kept = await collect(passing, mostBytesOfReply);
        passing = kept.again();
        if (kept.whole) came = { ...head, body: kept.bytes };
      } catch {
        return { type: "lost" };
      }
    }
  }
  const end = await answer(came, { meetings, version: message.httpVersion, passing, trailers }, options);
  if (end.type !== "go-on") return end;
  await outcome.released;
  return read.version === "1.0" && !staysOpen(read) ? { type: "close" } : end;
}

/** What came or was made, as the faults have it, on its way to the client. */
async function answer(came: HttpReply, answering: Answering, options: ExchangeOptions): Promise<End> {
  const { asked, read, client, clock, passing, gone, onReply } = options;
  const decided = await decideAfter(answering.meetings, read, came, async (behind, longestMs, lifted) => {
    using over = firstOf([lifted, gone]);
    return passing.hold(behind, longestMs, over.signal);
  });
  const { reply, end, cutBy, pacedBy } = decided;
  if (end !== undefined) return { type: end.how };
  passing.pass();
  using unpaced = firstOf(pacedBy.length === 0 ? [] : [gone, ...pacedBy.map(({ lifted }) => lifted)]);
  const { bytes, ends, broken } = await deliver({
    client,
    clock,
    reply,
    version: answering.version,
    request: read,
    passing: answering.passing,
    bodied: hasBody(read.method, came.status),
    trailers: answering.trailers,
    onCut: () => tell(cutBy),
    onPace: () => tell(pacedBy),
    unpaced: unpaced.signal,
  });
  onReply({ ...asked, status: reply.status, bytes });
  if (broken) return { type: "lost" };
  return { type: ends ? "close" : "go-on" };
}

/** Over connections of their own, and nobody gets the replies. One that fails is lost like any other. */
async function passOnAgain(
  request: HttpRequest,
  content: () => AsyncGenerator<Uint8Array>,
  repeat: NonNullable<DecidedBefore["repeat"]>,
  { dial, forwarder }: ExchangeOptions,
): Promise<void> {
  for (let n = 1; n < repeat.times; n += 1) {
    try {
      const socket = await dial();
      repeat.hit();
      const body = Readable.from(content(), { objectMode: false });
      const outcome = await forwarder.forward({ request, body, trailers: () => [], socket, onInterim: () => {} });
      if (outcome.type === "reply") await drain(outcome.message);
      socket.destroy();
    } catch {
      // The server is nowhere: so it is not asked again.
    }
  }
}

function replyOf({ statusCode = 0, statusMessage = "", rawHeaders }: IncomingMessage): HttpReply {
  return { status: statusCode, reason: statusMessage, headers: headersOf(rawHeaders) };
}

/** We speak HTTP/1.1 to the server; a client of HTTP/1.0 does not reckon with another reply on its connection unless it says so. */
function versioned(request: HttpRequest, read: ReadRequest): HttpRequest {
  if (read.version === "1.1" || staysOpen(read)) return request;
  return { ...request, headers: withHeader(request.headers, "Connection", "close") };
}

/** Whether it may be followed by another request (RFC 9112, section 9.3). */
function staysOpen({ version, headers }: ReadRequest): boolean {
  const lines = headers.filter(([name]) => name.toLowerCase() === "connection");
  const options = lines.flatMap(([, value]) => value.toLowerCase().split(",")).map((option) => option.trim());
  return !options.includes("close") && (version === "1.1" || options.includes("keep-alive"));
}

/** What a reply that nobody has sent says of this connection; one that was kept may speak of another. */
function mannered(headers: Headers, { version }: ReadRequest, closes: boolean): Headers {
  if (closes) return withHeader(headers, "Connection", "close");
  return version === "1.0" ? withHeader(headers, "Connection", "keep-alive") : withoutHeader(headers, "connection");
}

function tell(meetings: readonly Meeting[]): void {
  for (const meeting of meetings) meeting.hit();
}

/** Whose whole body. */
function needs({ fault, parameters }: Meeting): "request" | "reply" | undefined {
  return fault.whole?.(parameters);
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
