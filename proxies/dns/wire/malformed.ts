/** Bytes that are no DNS message; the message says why. Never seen outside of this folder. */
export class Malformed extends Error {
  override name = "Malformed";
}
