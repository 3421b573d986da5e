/**
 * What must not stand in a dump or in the log, since others read them than the node: keys, sessions, handles. What stays tells that there was one, and
 * nothing of it.
 */

/** The type of a key, and what follows it up to its comment, however short it was cut. */
const key = /\b((?:ssh-|ecdsa-|sk-)[\w@.-]+ +)[A-Za-z0-9+/=]+/g;
/** Random bits in hexadecimal: digests by a key, handles of resource sets and leases. */
const hexadecimal = /[0-9a-f]{32,}/gi;
/** Random bits in base64: sessions. Without letters of both cases it is a name or a path. */
const base64 = /[A-Za-z0-9+/=]{32,}/g;
/** Of what is shorter ordinary words would be full, and it is no secret. */
const leastSecret = 6;

export type Mask = (text: string) => string;

/** `own`: secrets that are known word by word, however little they look like one. */
export function createMask(own: readonly string[]): Mask {
  const known = own.filter(({ length }) => length >= leastSecret);
  return (text) =>
    known
      .reduce((rest, secret) => rest.replaceAll(secret, "***"), text)
      .replace(key, "$1***")
      .replace(hexadecimal, "***")
      .replace(base64, (run) => (/[a-z]/.test(run) && /[A-Z]/.test(run) ? "***" : run));
}

/** All texts of a value, however deep they stand in it. */
export function masked(value: unknown, mask: Mask): unknown {
  if (typeof value === "string") return mask(value);
  if (Array.isArray(value)) return value.map((each) => masked(each, mask));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, masked(each, mask)]));
}
