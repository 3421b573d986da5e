/**
 * The injections of a proxy, and whom they meet: connections, or flows of datagrams. Each meets all that come while it acts, and those that are there
 * already; which of them it acts on is its selection's to say (`chosen.ts`).
 */
import type { Address, Clock } from "../host/host.ts";
import { subnetOf, type Subnet } from "../host/subnet.ts";
import type { Direction } from "../faults/link-direction.ts";
import { chosen, directionsOf, type Selection } from "./chosen.ts";

export interface Injection extends Selection {
  /** Where what passes is a question with its answer, a fault has no direction. */
  readonly fault: { readonly kind: string; readonly direction?: Direction | "both" };
  readonly onHit: (detail: { readonly connection: number } & Readonly<Record<string, unknown>>) => void;
}

/** What an injection has to do with one direction of one that it has met. */
export interface Meeting<One> {
  /** By which it is lifted. */
  readonly owner: object;
  readonly injection: One;
  readonly direction: Direction;
  /** Which of those that the injection meets it is, counted from 1. */
  readonly ordinal: number;
  /** On the host's monotonic clock. */
  readonly since: number;
  readonly draw: (decision: string, n: number) => number;
  /** Of all that the injection meets. */
  readonly shared: Record<string, number>;
  /** Tells of the first hit only, whichever direction it is in. */
  readonly hit: (what: Readonly<Record<string, unknown>>) => void;
}

/** A connection, a flow, or a question. */
export interface Party<One> {
  readonly number: number;
  /** At the link's other end. */
  readonly client: () => Address;
  take(meeting: Meeting<One>): void;
  lift(owner: object): void;
}

export interface Injections<One> {
  /** Somebody new is there. */
  welcome(party: Party<One>): void;
  /** Disposing it lifts it; `lifted` is told of it as well, for whatever is left of parties that are gone. */
  inject(injection: One, lifted?: (owner: object) => void): Disposable;
  /** Nobody new meets anything any more. */
  clear(): void;
}

interface Active<One> {
  readonly injection: One;
  readonly shared: Record<string, number>;
  readonly clients: Subnet | undefined;
  met: number;
}

/** `parties`: all that are there. */
export function createInjections<One extends Injection>(
  clock: Clock,
  parties: () => Iterable<Party<One>>,
): Injections<One> {
  const active = new Set<Active<One>>();

  function meet(each: Active<One>, party: Party<One>): void {
    if (each.clients?.contains(party.client().host) === false) return;
    each.met += 1;
    const { injection, shared, met } = each;
    if (!chosen(injection, met)) return;
    const since = clock.monotonic();
    let hit = false;
    for (const direction of directionsOf(injection.direction ?? injection.fault.direction ?? "upstream")) {
      party.take({
        owner: each,
        injection,
        direction,
        ordinal: met,
        since,
        shared,
        draw: (decision, n) => injection.draw(`${met}.${direction}.${decision}`, n),
        hit(what) {
          if (hit) return;
          hit = true;
          injection.onHit({ connection: party.number, direction, ...what });
        },
      });
    }
  }

  return {
    welcome(party) {
      for (const each of active) meet(each, party);
    },
    inject(injection, lifted) {
      const clients = injection.client === undefined ? undefined : subnetOf(injection.client);
      const each = { injection, shared: {}, clients, met: 0 };
      active.add(each);
      if (injection.scope !== "new") for (const party of parties()) meet(each, party);
      return {
        [Symbol.dispose]() {
          if (!active.delete(each)) return;
          for (const party of parties()) party.lift(each);
          lifted?.(each);
        },
      };
    },
    clear: () => active.clear(),
  };
}
