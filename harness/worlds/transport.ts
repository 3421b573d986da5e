/** What carries the bytes of a link, and which proxy its client meets first. */
import type { Link } from "../plan/schema.ts";

export const transports = ["tcp", "udp"] as const;
export type Transport = (typeof transports)[number];

export function transportOf({ proto }: Pick<Link, "proto">): Transport {
  return proto === "udp" || proto === "ntp" ? "udp" : "tcp";
}

/** Whose proxy stands where the client knocks. `tcp`: with others behind it, as the plan has faults for them. */
export const carriers = ["tcp", "udp", "ntp"] as const;
export type Carrier = (typeof carriers)[number];

export function carrierOf({ proto }: Pick<Link, "proto">): Carrier {
  return proto === "udp" || proto === "ntp" ? proto : "tcp";
}
