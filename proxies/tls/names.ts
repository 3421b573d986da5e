/** Names of a server that nobody has named. */

/** What its own certificate has to be for. Of a bare address, it may be the localhost that a client asks for. */
export function namesAt(host: string): readonly string[] {
  if (host === "") return [];
  return /^[\d.]+$|:/.test(host) ? [host, "localhost"] : [host];
}

/** Where clients find a proxy on the machine that they are on. */
export const ofLoopback = ["localhost", "127.0.0.1", "::1"] as const;
