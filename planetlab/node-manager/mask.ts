/**
 * What must not stand in a dump, since a dump is read by others than the node: keys, sessions, handles. What stays tells that there was one, and nothing of it.
 */

/** The type of a key, and what follows it up to its comment, however short it was cut. */
const key = /\b((?:ssh-|ecdsa-|sk-)[\w@.-]+ +)[A-Za-z0-9+/=]+/g;
/** Random bits in base64 or hexadecimal: sessions, digests by a key, handles of resource sets and leases. */
const bits = /[A-Za-z0-9+/=]{32,}/g;

export function mask(text: string): string {
  return text.replace(key, "$1***").replace(bits, "***");
}
