/** What carries the bytes of a link, and which proxy its client meets first. */
import type { Link } from "../plan/schema.ts";

export const transports = ["tcp", "udp"] as const;
export type Transport = (typeof transports)[number];

/** Of `dns`, that of most of its messages. */
export function transportOf({ proto }: Pick<Link, "proto">): Transport {
  return ["udp", "dns", "ntp"].includes(proto) ? "udp" : "tcp";
}

/** Whose proxy stands where the client knocks. `tcp`: with others behind it, as the plan has faults for them. */
export const carriers = ["tcp", "udp", "dns", "ntp"] as const;
export type Carrier = (typeof carriers)[number];

export function carrierOf({ proto }: Pick<Link, "proto">): Carrier {
  return carriers.find((carrier) => carrier === proto) ?? "tcp";
}
