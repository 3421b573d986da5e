/** What holds for a datagram on every host. */
import { isIP } from "node:net";
import { formatAddress } from "./address.ts";
import type { Address } from "./host.ts";

/** What UDP over IPv4 can carry: RFC 768, RFC 791. */
const mostBytes = 65_507;

/** For one socket. What it throws has `code` EMSGSIZE if there are too many bytes. */
export function createDatagramCheck(): (bytes: Uint8Array, to: Address) => void {
  let known: string | undefined;
  return (bytes, to) => {
    if (to.host !== known && isIP(to.host) === 0)
      throw new Error(
        `a datagram goes to an address, not to a name: write what network.resolve has found for ${to.host}`,
      );
    known = to.host;
    checkLength(bytes, to);
  };
}

function checkLength(bytes: Uint8Array, to: Address): void {
  if (bytes.length <= mostBytes) return;
  const error = new Error(`send EMSGSIZE ${formatAddress(to)}: ${bytes.length} bytes, at most ${mostBytes}`);
  throw Object.assign(error, { code: "EMSGSIZE", syscall: "send" });
}
