/**
 * The http plane: a fault decides about a request before it is passed on, and about its reply when that is in.
 *
 *     client ──► request ──► before ──► server
 *     client ◄── after ◄──── reply ◄───┘
 *
 * It is pure: no I/O, no sleep, no clock. The proxy (`proxies/http/`) owns sockets, timers and bodies. "Never asked" and "done, but the answer was
 * lost" are different failures, and so `before` and `after` are different decisions.
 *
 * Faults are asked in the order of their injection. A request that one of them answers or ends is seen by no later one; a reply, also one that a fault
 * has made, is seen by all that come behind it.
 */
import type { z } from "zod";
import type { Declaration } from "../fault.ts";
import type { HttpReply, HttpRequest } from "./message.ts";

export type { HttpReply, HttpRequest };

export type Before =
  /** Passed on, changed. */
  | { readonly type: "pass"; readonly request: HttpRequest }
  /** Not passed on. */
  | { readonly type: "answer"; readonly reply: HttpReply }
  | End
  /** Passed on `times` times, one after the other; the client gets one of the replies. A body that does not fit is passed on once. */
  | { readonly type: "repeat"; readonly times: number; readonly reply: "first" | "last" };

export type After =
  /** Something else comes, or in another way. */
  | { readonly type: "reply"; readonly reply: HttpReply }
  | End
  /** It waits until so many later replies have passed it on the link, or its time is over. */
  | { readonly type: "hold"; readonly behind: number; readonly longestMs: number };

/** The connection ends, both sides, by RST or by FIN. */
export interface End {
  readonly type: "end";
  readonly how: "reset" | "close";
}

export interface HttpFault<
  Parameters extends z.ZodObject = z.ZodObject,
  State extends object = object,
> extends Declaration<Parameters> {
  readonly plane: "http";
  /** Whose bodies it needs to decide: they are kept back until they are whole. One that is too large comes without, and passes. */
  whole?(parameters: z.output<Parameters>): "request" | "reply";
  /** What it keeps for the whole of its injection, all connections together. Its decisions may change it. */
  start(parameters: z.output<Parameters>): State;
  /** Undefined means "no concern of mine"; so it does below. */
  before?(
    request: HttpRequest,
    state: State,
    parameters: z.output<Parameters>,
    context: HttpContext,
  ): Before | undefined;
  /** `request` is the one that the client has sent. */
  after?(
    reply: HttpReply,
    request: HttpRequest,
    state: State,
    parameters: z.output<Parameters>,
    context: HttpContext,
  ): After | undefined;
  /**
   * The head of every reply of the server to a request that matches, those that `nth` and the like leave alone included: to be told of, not to be changed.
   * What it returns is called with all of it once that has passed, unless it has no body, or one that is too large or does not come to its end.
   */
  remember?(
    reply: HttpReply,
    request: HttpRequest,
    state: State,
    parameters: z.output<Parameters>,
  ): ((whole: HttpReply) => void) | undefined;
}

export interface HttpContext {
  /** Which of the requests that match it is, counted from 1 within the injection: what decisions are keyed on. */
  readonly ordinal: number;
  /** A uniform number in [0, 1) for the n-th decision of a name; the same for the same ordinal, name and n. */
  readonly draw: (decision: string, n: number) => number;
}

/** Checks one fault's file against the contract, its parameters' and its state's types included. */
export function httpFault<Parameters extends z.ZodObject, State extends object>(
  fault: HttpFault<Parameters, State>,
): HttpFault<Parameters, State> {
  return fault;
}
