/**
 * What the faults that last change of the answers. Whatever answers asks here, at each point where something can go wrong; a fault changes what it is about, and
 * counts a hit if that made a difference.
 *
 *     database ──whose, slices, stamp, dialect, padding, key──► text ──reply──► wire
 *                                     each: fault ► fault ► fault, in the order in which they began
 */
import type { Node } from "./data.ts";
import type { Dialect, Stamp, ToldSlice } from "./told.ts";

/** Which answer, and for which node, if it is for one. */
export interface Asked {
  readonly what: string;
  readonly node: number | undefined;
}

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
  /** What Content-Length says. */
  readonly length: number;
}

/** Each takes what it would be without the fault. */
export interface Points {
  /** Whose data a node gets. */
  whose(node: number): number;
  slices(slices: readonly ToldSlice[], asked: Asked): readonly ToldSlice[];
  stamp(stamp: Stamp, asked: Asked): Stamp;
  dialect(dialect: Dialect, asked: Asked): Dialect;
  /** How many bytes of what concerns nobody are in the answer. */
  padding(bytes: number, asked: Asked): number;
  key(line: string, asked: Asked): string;
  node(node: Node): Node;
  /** Those that have a MAC address. */
  nodes(nodes: readonly Node[], asked: { readonly mac: string }): readonly Node[];
  reply(reply: Reply, asked: Asked): Reply;
  /** PLC's clock, in milliseconds. */
  wall(milliseconds: number): number;
}

export interface Disturbance extends Partial<Points> {
  /** Before a conf file is handed over; it waits until the promise resolves. */
  holdConfFile?(source: string): Promise<void> | undefined;
  /** It is lifted. */
  end?(): void;
}

export interface Disturbances extends Points {
  confFile(source: string): Promise<void>;
  begin(disturbance: Disturbance): Disposable;
}

export function createDisturbances(): Disturbances {
  const active = new Set<Disturbance>();
  return {
    whose: (node) => [...active].reduce((told, each) => each.whose?.(told) ?? told, node),
    slices: (slices, asked) => [...active].reduce((told, each) => each.slices?.(told, asked) ?? told, slices),
    stamp: (stamp, asked) => [...active].reduce((told, each) => each.stamp?.(told, asked) ?? told, stamp),
    dialect: (dialect, asked) => [...active].reduce((told, each) => each.dialect?.(told, asked) ?? told, dialect),
    padding: (bytes, asked) => [...active].reduce((told, each) => each.padding?.(told, asked) ?? told, bytes),
    key: (line, asked) => [...active].reduce((told, each) => each.key?.(told, asked) ?? told, line),
    node: (node) => [...active].reduce((told, each) => each.node?.(told) ?? told, node),
    nodes: (nodes, asked) => [...active].reduce((told, each) => each.nodes?.(told, asked) ?? told, nodes),
    reply: (reply, asked) => [...active].reduce((told, each) => each.reply?.(told, asked) ?? told, reply),
    wall: (milliseconds) => [...active].reduce((told, each) => each.wall?.(told) ?? told, milliseconds),
    async confFile(source) {
      for (const each of active) await each.holdConfFile?.(source);
    },
    begin(disturbance) {
      active.add(disturbance);
      return {
        [Symbol.dispose]() {
          active.delete(disturbance);
          disturbance.end?.();
        },
      };
    },
  };
}
