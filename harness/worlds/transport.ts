/** What carries the bytes of a link. */
import type { Link } from "../plan/schema.ts";

export const transports = ["tcp", "udp"] as const;
export type Transport = (typeof transports)[number];

export function transportOf({ proto }: Pick<Link, "proto">): Transport {
  return proto === "udp" ? "udp" : "tcp";
}
