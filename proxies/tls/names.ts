/** Names of a server that nobody has named. */

/** What its own certificate has to be for. Of a bare address, it may be the localhost that a client asks for. */
export function namesAt(host: string): readonly string[] {
  if (host === "") return [];
  return /^[\d.]+$|:/.test(host) ? [host, "localhost"] : [host];
}

/** By which of its names a server is asked, and its certificate checked, for a client that has asked for `wanted`. */
export function nameFor(wanted: string | undefined, names: readonly string[]): string | undefined {
  return wanted !== undefined && names.includes(wanted) ? wanted : names[0];
}

/** Where clients find a proxy on the machine that they are on. */
export const ofLoopback = ["localhost", "127.0.0.1", "::1"] as const;
