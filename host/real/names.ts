import { Resolver } from "node:dns/promises";
import { formatAddress } from "../address.ts";
import type { Address, Waiting } from "../host.ts";

/** For one answer of a server, doubled in the second round. */
const timeoutMs = 5000;
const rounds = 2;

/** Asks the servers in turn, instead of the system's resolver. @throws {Error} with `code` ENOTFOUND, ENODATA, ESERVFAIL, ETIMEOUT and so on. */
export async function askNameServers(
  servers: readonly Address[],
  host: string,
  { signal }: Waiting,
): Promise<readonly string[]> {
  signal?.throwIfAborted();
  // One for each question: cancelling ends all that a resolver has been asked, and it would remember which server was slow.
  const resolver = new Resolver({ timeout: timeoutMs, tries: rounds });
  resolver.setServers(servers.map(formatAddress));
  const cancel = (): void => resolver.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    const found = await resolver.resolve4(host);
    // A chain of aliases that leads nowhere is no error to c-ares.
    if (found.length === 0) throw noData(host);
    return found;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

function noData(hostname: string): Error {
  return Object.assign(new Error(`queryA ENODATA ${hostname}`), { code: "ENODATA", syscall: "queryA", hostname });
}
