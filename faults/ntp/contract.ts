/**
 * The ntp plane: a fault decides about a request on its way to the server, and makes of its reply any number of them.
 *
 *     client ──► request ──► before ──► server
 *     client ◄── after ◄──── reply ◄───┘          []: lost   one: changed, later, from elsewhere   two: one comes twice
 *
 * It is pure: no I/O, no sleep, no clock but the time that it is told, which is Unix time in milliseconds on the true clock, that of the proxy. Only what it
 * puts into packets is in NTP's form (`timestamp.ts`). The proxy (`proxies/ntp/`) owns sockets and timers, and decodes what a fault concerns.
 *
 * Faults are asked in the order of their injection; later ones see what earlier ones have made. What steps the time of a server is a pulse: it lasts, for
 * all who ask over this link, until another one steps it back.
 */
import type { z } from "zod";
import type { Declaration } from "../fault.ts";
import type { NtpPacket } from "./packet.ts";

export type { NtpPacket };

export interface NtpReply {
  readonly packet: NtpPacket;
  /** How long it is kept back. */
  readonly laterMs: number;
  /** Only so many bytes of it; all, if there are fewer. */
  readonly length?: number;
  /** It comes from another port than the one that was asked. */
  readonly fromElsewhere?: true;
}

export type Before =
  | { readonly type: "drop" }
  /** Passed on later, as that packet. */
  | { readonly type: "pass"; readonly packet: NtpPacket; readonly laterMs: number }
  /** The server is not asked. */
  | { readonly type: "answer"; readonly replies: readonly NtpReply[] };

export interface NtpFault<
  Parameters extends z.ZodObject = z.ZodObject,
  State extends object = object,
> extends Declaration<Parameters> {
  readonly plane: "ntp";
  /** While it is injected, nobody waits at the link's port. */
  readonly door?: "shut";
  /** Only of a pulse: by how much the server's time is wrong from now on, and was until now. */
  turn?(wrongByMs: number, parameters: z.output<Parameters>): number;
  /** What it keeps for one client (an address, whatever its port) as long as it is injected. Its decisions may change it. */
  start(parameters: z.output<Parameters>): State;
  /** Undefined means "no concern of mine". */
  before?(request: NtpPacket, state: State, parameters: z.output<Parameters>, context: NtpContext): Before | undefined;
  /** `request` is the one that the client has sent. Returning the very reply that came in means "no concern of mine". */
  after?(
    reply: NtpReply,
    request: NtpPacket,
    state: State,
    parameters: z.output<Parameters>,
    context: NtpContext,
  ): NtpReply | readonly NtpReply[];
}

export interface NtpContext {
  /** Which of the requests that it has met this is, counted from 1 within the injection: what decisions are keyed on. */
  readonly ordinal: number;
  /** Unix time, in milliseconds, on the true clock: when the packet came, and when the fault was injected. */
  readonly now: number;
  readonly since: number;
  /** The client's address. */
  readonly client: string;
  /** A uniform number in [0, 1) for the n-th decision of a name; the same for the same ordinal, name and n. */
  readonly draw: (decision: string, n: number) => number;
}

/** Checks one fault's file against the contract, its parameters' and its state's types included. */
export function ntpFault<Parameters extends z.ZodObject, State extends object>(
  fault: NtpFault<Parameters, State>,
): NtpFault<Parameters, State> {
  return fault;
}
