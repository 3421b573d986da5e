/**
 * The tcp plane: a fault is a flat map over the timed items of one direction of one connection.
 *
 *     sender ──► item ──► map ──► item, item, … ──► link waits until `due` ──► receiver
 *
 * It is pure: no I/O, no sleep, no clock. The link (`proxies/tcp/link.ts`) owns timers, byte order and back-pressure. It keeps every item that
 * was not delivered in its unfaulted form, and judges it again when a fault comes or goes: so that lifting a fault loses nothing.
 * `data`, `fin` queue in order: an item is never delivered before the one ahead of it. `rst` and `tick` overtake. `close` never comes in.
 */
import type { z } from "zod";
import type { Declaration } from "../fault.ts";
import type { Direction } from "../link-direction.ts";

export type { Direction };

/**
 * All times are milliseconds of the host's monotonic clock. `due`: the earliest time of delivery; `Infinity`: held until the fault is
 * lifted.
 */
export type TcpItem = TcpData | TcpOpen | { readonly type: "fin" | "rst" | "close" | "tick"; readonly due: number };

export interface TcpOpen {
  readonly type: "open";
  readonly due: number;
  /** Who is dialled instead of the link's server, as `place.ts` has it: `link:other`, or a host with its port. Only a fault puts that out. */
  readonly to?: string;
}

export interface TcpData {
  readonly type: "data";
  readonly due: number;
  /** Position of the first byte in this direction of the connection, counted from 0: what decisions are keyed on. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** True if these bytes of the stream come once more, behind themselves; only a fault puts that out. */
  readonly again?: true;
}

export interface TcpFault<
  Parameters extends z.ZodObject = z.ZodObject,
  State extends object = object,
> extends Declaration<Parameters> {
  readonly plane: "tcp";
  /** Where it acts unless the step says `direction`. */
  readonly direction: Direction | "both";
  /** The one way in which it does anything, if it is so: a step that says the other is refused. */
  readonly only?: Direction;
  /**
   * What becomes of the door itself while the fault lasts. `shut`: the proxy stops listening, so that the client's connect is refused by its own
   * kernel. `silent`: its SYNs are dropped, so that its connect gets no answer. `map` then sees only the connections that were there before.
   */
  readonly door?: "shut" | "silent";
  /** How bytes that it delays pass; absent if it delays none, or none for long. */
  pace?(parameters: z.output<Parameters>): Pace;
  /**
   * Of a fault that makes connections of its own to the link's server, beside those of its client: what the n-th one does, counted from 1; undefined
   * behind the last one. `map` sees nothing of them.
   */
  visit?(n: number, parameters: z.output<Parameters>, draw: TcpContext["draw"]): Visit | undefined;
  /** The flat record that the fault keeps for one direction of one connection; the link copies it (one level deep) before each item. */
  start(parameters: z.output<Parameters>, context: TcpContext): State;
  /**
   * One item in, any number out, in order. Returning the very item that came in means "no concern of mine". Whether it is a hit is found out by the
   * link: it is when the receiver gets something else, or at another time, than it would have without the fault.
   *
   * - `open` comes first in the upstream direction of a new connection: the server is dialled when it is delivered (an `rst` in its place ends the
   *   connection before a byte has passed). It stands for the moment `since`, even if an earlier fault holds it (`due`). The client is connected
   *   already when we hear of it: the downstream direction begins with a `tick` instead.
   * - `tick` comes on every live connection when any fault is injected or lifted, and when a `tick` that a fault has put out is due; it carries the
   *   present time in `due`, is never delivered and never a hit by itself.
   * - An `rst` put out ends the whole connection, both sides, with RST; an `rst` that came in is the sender's own, and may be delayed or held.
   * - A `close` put out ends the whole connection, both sides, with FIN: what went before it arrives, and what either side says afterwards is read
   *   and dropped until it closes, too. In place of `open`, the server is never dialled.
   * - What is put out for `data` keeps its place: a `fin`, `rst` or `close` behind data goes out when that data has. What is put out for `open` and `tick`
   *   happens at once, whatever is held.
   * - The state is put back when items are judged again, so that what a `tick` has changed in it may be forgotten: decide by `due` and `since`.
   */
  map(item: TcpItem, state: State, parameters: z.output<Parameters>, context: TcpContext): TcpItem | readonly TcpItem[];
}

/** Bytes under way are no queue: their sender may send on, as far as the rate lets them be that many. */
export interface Pace {
  /** About how many milliseconds bytes are under way. */
  readonly flight?: number;
  /** How many bytes a second pass at most. */
  readonly rate?: number;
}

/** One connection of a fault's own. Times are in milliseconds, each from what comes before it. */
export interface Visit {
  readonly after: number;
  /** It waits while so many of them are open. */
  readonly most: number;
  /** May be endless, as long as it takes time. */
  readonly says: Iterable<{ readonly after: number; readonly bytes: Uint8Array }>;
  /** When all is said: it sends FIN, or RST, or stays until the server or the end of the fault sends it away. */
  readonly end: "close" | "reset" | "stay";
}

export interface TcpContext {
  /** When this fault met this connection: the later of injection and `open`. */
  readonly since: number;
  /** How many other connections the link had at that moment. */
  readonly others: number;
  /** Of all connections, and of both directions, that this injection meets: numbers that they share, none at first. Unlike the state, it is never put back. */
  readonly shared: Record<string, number>;
  readonly direction: Direction;
  /** A uniform number in [0, 1) for the n-th decision of a name; the same for the same connection ordinal, direction, name and n. */
  readonly draw: (decision: string, n: number) => number;
}

/** Checks one fault's file against the contract, its parameters' and its state's types included. */
export function tcpFault<Parameters extends z.ZodObject, State extends object>(
  fault: TcpFault<Parameters, State>,
): TcpFault<Parameters, State> {
  return fault;
}
