/** A question to a name server and what its reply says, as glibc reads it. The one file of the host that imports dns-packet. RFC 1035. */
import { isIPv4 } from "node:net";
import { domainToASCII } from "node:url";
import { RECURSION_DESIRED, TRUNCATED_RESPONSE, decode, encode, type Packet } from "dns-packet";

export interface Question {
  readonly id: number;
  /** As it is asked: ASCII, lower case, without a dot at its end. */
  readonly name: string;
}

export type Reply =
  | { readonly kind: "addresses"; readonly addresses: readonly string[] }
  /** `ENOTFOUND` and so on: this is the answer. */
  | { readonly kind: "refusal"; readonly code: string }
  /** It goes on over TCP. */
  | { readonly kind: "truncated" }
  /** It can't be read: another server may do better. */
  | { readonly kind: "malformed" }
  /** To some other question: as if it had not come. */
  | { readonly kind: "foreign" };

/** By rcode (RFC 1035, 4.1.1); c-ares takes those that it does not know for an answer without data. */
const codes: ReadonlyMap<number, string> = new Map([
  [1, "EFORMERR"],
  [2, "ESERVFAIL"],
  [3, "ENOTFOUND"],
  [4, "ENOTIMP"],
  [5, "EREFUSED"],
]);

/** Undefined: such a name can't be asked for. */
export function questionName(host: string): string | undefined {
  const name = domainToASCII(host).replace(/\.$/, "");
  const fits = name.length <= 253 && name.split(".").every((label) => label.length >= 1 && label.length <= 63);
  return fits ? name : undefined;
}

export function encodeQuestion({ id, name }: Question): Uint8Array {
  return encode({ type: "query", id, flags: RECURSION_DESIRED, questions: [{ type: "A", class: "IN", name }] });
}

export function readReply(bytes: Uint8Array, { id, name }: Question): Reply {
  if (bytes.length === 0) return { kind: "foreign" };
  const packet = decoded(bytes);
  const [question, ...more] = packet?.questions ?? [];
  if (packet === undefined || question === undefined || more.length > 0) return { kind: "malformed" };
  if (packet.id !== id || question.type !== "A" || question.name.toLowerCase() !== name) return { kind: "foreign" };
  const flags = packet.flags ?? 0;
  if ((flags & TRUNCATED_RESPONSE) !== 0) return { kind: "truncated" };
  const rcode = flags & 0xf;
  // Whoever owns them: the server has followed the aliases.
  const addresses = (packet.answers ?? []).flatMap((answer) => (answer.type === "A" ? [answer.data] : []));
  if (!addresses.every((address) => isIPv4(address))) return { kind: "malformed" };
  if (rcode !== 0 || addresses.length === 0) return { kind: "refusal", code: codes.get(rcode) ?? "ENODATA" };
  return { kind: "addresses", addresses };
}

function decoded(bytes: Uint8Array): Packet | undefined {
  try {
    return decode(Buffer.from(bytes));
  } catch {
    return undefined;
  }
}
