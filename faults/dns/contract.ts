/**
 * The dns plane: a fault decides about a query on its way to the server, and makes of its reply any number of them.
 *
 *     client ──► before ──► query ──► server
 *     client ◄── after ◄─── reply ◄───┘        []: lost   one: changed, later, from elsewhere   two: one comes twice, or a forged one first
 *
 * It is pure: no I/O, no sleep, no clock but the time that it is told. The proxy (`proxies/dns/`) owns sockets and timers, and decodes what a fault
 * concerns; what has no question that can be read concerns none. Over UDP and TCP the same is decided; what belongs to one of the two is left out over
 * the other.
 *
 * Decisions are keyed on logical questions: a client's address, a name and a type. "The third A query for plc from this client" is the same one however
 * often it is asked again because no answer came, or none that could be used.
 *
 * Faults stand one behind the other as middleboxes do, the latest the nearest to the client: it is the first that sees a query, as the client has sent it,
 * and the last that sees a reply. Each is asked about what the next one has made. A query that one of them answers or drops is seen by none that is nearer
 * to the server, and the answer by all that are nearer to the client.
 */
import type { z } from "zod";
import type { Declaration } from "../fault.ts";
import type { Message } from "./message.ts";

export type { Message };

export type Transport = "udp" | "tcp";

export interface DnsReply {
  readonly message: Message;
  /** What goes out in its place, for what no message says. */
  readonly bytes?: Uint8Array;
  /** Only so many bytes of it; all, if there are fewer. Over UDP: framing has its own. */
  readonly length?: number;
  /** How long it is kept back; `Infinity`: until the fault is lifted. */
  readonly laterMs: number;
  /** It waits for the reply to what the same client asks of the same name by this type, and `laterMs` at most. */
  readonly behind?: string;
  /** Over UDP: it comes from another port, or from another address, than was asked. */
  readonly source?: "port" | "address";
  /** Over UDP: what is larger than the client takes is sent all the same, not cut short with TC. */
  readonly oversize?: true;
  /** Over TCP. */
  readonly framing?: Framing;
}

/** How a message is put into a stream: RFC 1035, section 4.2.2; RFC 7766, section 8. */
export interface Framing {
  /** What the length field says, if not the truth. */
  readonly length?: number;
  /** Only so many bytes of length field and message together. */
  readonly bytes?: number;
  /** In pieces, each so much later than the one before. */
  readonly pieces?: { readonly bytes: number; readonly everyMs: number };
  /** What becomes of the connection behind it: it ends by FIN or RST, or nothing more comes over it. */
  readonly ending?: "close" | "reset" | "mute";
}

export type Before =
  | { readonly type: "drop" }
  /** Passed on, maybe changed, maybe later. */
  | { readonly type: "pass"; readonly query: Message; readonly laterMs: number }
  /** `passes`: the server is asked as well, and its reply comes, too. */
  | { readonly type: "answer"; readonly replies: readonly DnsReply[]; readonly passes?: true }
  /** Over TCP the connection ends, over UDP nothing comes. */
  | { readonly type: "end"; readonly how: "reset" | "close" };

/** What becomes of the link's port while the fault lasts, for everybody. `shut`: nobody listens, and the kernel says so; `silent`: connects get no answer. */
export interface Doors {
  readonly udp?: "shut";
  readonly tcp?: "shut" | "silent";
}

export interface DnsFault<
  Parameters extends z.ZodObject = z.ZodObject,
  State extends object = object,
> extends Declaration<Parameters> {
  readonly plane: "dns";
  /** It acts at the port, and nothing narrows whom it meets; nobody sees a hit. */
  readonly everybody?: true;
  doors?(parameters: z.output<Parameters>): Doors;
  /** Replies come from another address of the proxy's host: where there is none, it can't be injected. */
  otherAddress?(parameters: z.output<Parameters>): boolean;
  /** What it keeps for the whole of its injection, all clients together, bounded (`kept.ts`). Its decisions may change it. */
  start(parameters: z.output<Parameters>): State;
  /** Undefined means "no concern of mine"; so it does below. */
  before?(query: Message, state: State, parameters: z.output<Parameters>, context: DnsContext): Before | undefined;
  /** `query` is the one that has come to this fault, before it changed it itself. */
  after?(
    reply: DnsReply,
    query: Message,
    state: State,
    parameters: z.output<Parameters>,
    context: DnsContext,
  ): DnsReply | readonly DnsReply[] | undefined;
  /** Every reply that comes to this fault, to queries that `nth` and the like leave alone, too: to be told of, not to be changed. */
  remember?(
    reply: Message,
    query: Message,
    state: State,
    parameters: z.output<Parameters>,
    context: Omit<DnsContext, "draw" | "sizeOf">,
  ): void;
}

export interface DnsContext {
  /** Which one this is of its logical question, counted from 1 within the injection: what decisions are keyed on. */
  readonly ordinal: number;
  /** The how-manieth try of it, counted from 1. */
  readonly attempt: number;
  readonly transport: Transport;
  /** The client's address, and its socket: address and port. */
  readonly client: string;
  readonly socket: string;
  /** Unix time, in milliseconds, on the proxy's clock: now, and when the fault was injected. */
  readonly now: number;
  readonly since: number;
  /** How many bytes a reply has as it stands, before anything is cut off. */
  readonly sizeOf: (reply: DnsReply) => number;
  /** A uniform number in [0, 1) for the n-th decision of a name; the same for the same logical question, ordinal, name and n. */
  readonly draw: (decision: string, n: number) => number;
}

/** Checks one fault's file against the contract, its parameters' and its state's types included. */
export function dnsFault<Parameters extends z.ZodObject, State extends object>(
  fault: DnsFault<Parameters, State>,
): DnsFault<Parameters, State> {
  return fault;
}
