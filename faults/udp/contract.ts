/**
 * The udp plane: a fault is a flat map over the timed datagrams of one direction of one flow (a flow is all that one client's address sends and
 * gets).
 *
 *     sender ──► datagram ──► map ──► []  one  two, … ──► relay waits until `due` ──► receiver
 *                                     lost  later  twice
 *
 * It is pure: no I/O, no sleep, no clock. The relay (`proxies/udp/`) owns sockets and timers. Datagrams do not queue: whichever is due first goes
 * first, so that a later `due` is a reordering. A datagram is judged once, when it comes. Lifting a fault takes back the time that it has added to
 * those which still wait; what it has lost stays lost, and what it has changed stays changed.
 */
import type { z } from "zod";
import type { Declaration } from "../fault.ts";
import type { Direction } from "../link-direction.ts";

export type { Direction };

export interface Datagram {
  /** The earliest time of delivery, in milliseconds of the host's monotonic clock; `Infinity`: held until the fault is lifted. */
  readonly due: number;
  /** Its place in this direction of its flow, counted from 1: what decisions are keyed on. A copy has that of its original. */
  readonly ordinal: number;
  readonly bytes: Uint8Array;
}

export interface UdpFault<
  Parameters extends z.ZodObject = z.ZodObject,
  State extends object = object,
> extends Declaration<Parameters> {
  readonly plane: "udp";
  /** Where it acts unless the step says `direction`. */
  readonly direction: Direction | "both";
  /** The one way in which it does anything, if it is so: a step that says the other is refused. */
  readonly only?: Direction;
  /** The flat record that the fault keeps for one direction of one flow; the relay copies it (one level deep) to find out what has hit. */
  start(parameters: z.output<Parameters>, context: UdpContext): State;
  /** One datagram in, any number out, none before its own `due`. Returning the very one that came in means "no concern of mine". */
  map(
    datagram: Datagram,
    state: State,
    parameters: z.output<Parameters>,
    context: UdpContext,
  ): Datagram | readonly Datagram[];
}

export interface UdpContext {
  /** When this fault met this flow: the later of injection and the flow's first datagram. */
  readonly since: number;
  readonly direction: Direction;
  /** A uniform number in [0, 1) for the n-th decision of a name; the same for the same flow, direction, name and n. */
  readonly draw: (decision: string, n: number) => number;
}

/** Checks one fault's file against the contract, its parameters' and its state's types included. */
export function udpFault<Parameters extends z.ZodObject, State extends object>(
  fault: UdpFault<Parameters, State>,
): UdpFault<Parameters, State> {
  return fault;
}
