/** What carries the bytes of a link, and which proxy its client meets first. */
import { carriers, type Carrier, type Transport } from "../../proxies/chain/chain.ts";
import type { Link } from "../plan/schema.ts";

export { carriers, transports, type Carrier, type Transport } from "../../proxies/chain/chain.ts";

/** Of `dns`, that of most of its messages. */
export function transportOf({ proto }: Pick<Link, "proto">): Transport {
  return ["udp", "dns", "ntp"].includes(proto) ? "udp" : "tcp";
}

export function carrierOf({ proto }: Pick<Link, "proto">): Carrier {
  return carriers.find((carrier) => carrier === proto) ?? "tcp";
}
