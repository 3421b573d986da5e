/** Addresses that belong together: one, or a network of them (RFC 4632): `10.0.0.7`, `10.0.0.0/24`, `fd00::/8`. */
import { BlockList, isIPv6 } from "node:net";

export interface Subnet {
  /** An IPv4 address that is written as an IPv6 one (`::ffff:10.0.0.7`) is the same. False for what is no address. */
  contains(address: string): boolean;
}

const familyOf = (address: string): "ipv4" | "ipv6" => (isIPv6(address) ? "ipv6" : "ipv4");

export function subnetOf(text: string): Subnet {
  const list = new BlockList();
  const [address = "", prefix] = text.split("/");
  if (prefix === undefined) list.addAddress(address, familyOf(address));
  else list.addSubnet(address, Number(prefix), familyOf(address));
  return {
    contains: (candidate) => candidate !== "" && list.check(candidate.replace(/%.*$/, ""), familyOf(candidate)),
  };
}
