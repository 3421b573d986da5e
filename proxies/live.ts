/** What passes through a proxy just now, or has passed. */
import type { Address } from "../host/host.ts";
import type { Direction } from "../faults/link-direction.ts";

export interface Traffic {
  readonly received: number;
  readonly delivered: number;
}

export type BothWays = Readonly<Record<Direction, Traffic>>;

/** A connection, or a flow of datagrams. */
export interface LiveConnection {
  readonly connection: number;
  readonly client: Address;
  /** When it began, on the host's wall clock. */
  readonly since: number;
  readonly traffic: BothWays;
}

export const noTraffic: BothWays = {
  upstream: { received: 0, delivered: 0 },
  downstream: { received: 0, delivered: 0 },
};

export function added(a: BothWays, b: BothWays): BothWays {
  const of = (direction: Direction): Traffic => ({
    received: a[direction].received + b[direction].received,
    delivered: a[direction].delivered + b[direction].delivered,
  });
  return { upstream: of("upstream"), downstream: of("downstream") };
}
