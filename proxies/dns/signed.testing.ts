/** A zone that is signed as RFC 4034 and RFC 6605 say: `signed.test`, with one name in it, and one key for all. */
import { generateKeyPairSync, sign } from "node:crypto";
import { AUTHORITATIVE_ANSWER, encode, type Answer, type DnskeyAnswer, type RrsigAnswer } from "dns-packet";
import { answerFrom, type Respond } from "./dns.testing.ts";

const zone = "signed.test";
const ttl = 300;
const day = 86_400;
/** Zone key and secure entry point; ECDSA with P-256 and SHA-256. */
const flags = 257;
const algorithm = 13;

export interface SignedZone {
  /** For `delv -a`. */
  readonly anchors: string;
  readonly respond: Respond;
}

/** Signatures are valid from a day before until a day after `now`, in seconds. */
export function createSignedZone(now: number): SignedZone {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const point = Buffer.concat([Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  const key: DnskeyAnswer = { name: zone, type: "DNSKEY", ttl, data: { flags, algorithm, key: point } };
  const keyTag = tagOf(rdataOf(key));

  /** Of a set of one record: RFC 4034, section 3.1.8.1. */
  const signed = (record: DnskeyAnswer | (Answer & { readonly type: "A" })): readonly Answer[] => {
    const data = {
      typeCovered: record.type,
      algorithm,
      labels: record.name.split(".").length,
      originalTTL: ttl,
      expiration: now + day,
      inception: now - day,
      keyTag,
      signersName: zone,
    };
    const signature = (bytes: Buffer): RrsigAnswer => ({
      name: record.name,
      type: "RRSIG",
      ttl,
      data: { ...data, signature: bytes },
    });
    const covered = Buffer.concat([rdataOf(signature(Buffer.alloc(0))), onTheWire(record)]);
    return [record, signature(sign("sha256", covered, { key: privateKey, dsaEncoding: "ieee-p1363" }))];
  };
  const sets = [signed(key), signed({ name: `plc.${zone}`, type: "A", ttl, data: "10.0.0.1" })];

  return {
    anchors: `trust-anchors { ${zone}. static-key ${flags} 3 ${algorithm} "${point.toString("base64")}"; };\n`,
    respond(query) {
      const [question] = query.questions ?? [];
      const set = sets.find(([record]) => record?.name === question?.name && record?.type === question?.type);
      const reply = answerFrom(query);
      return set === undefined ? reply : { ...reply, flags: AUTHORITATIVE_ANSWER, answers: [...set], authorities: [] };
    },
  };
}

/** dns-packet compresses nothing, and so writes the canonical form of RFC 4034, section 6. */
function onTheWire(record: Answer): Buffer {
  return encode({ type: "response", answers: [record] }).subarray(12);
}

function rdataOf(record: Answer): Buffer {
  const bytes = onTheWire(record);
  // Behind the name, type, class, TTL and length.
  return bytes.subarray(bytes.indexOf(0) + 11);
}

/** RFC 4034, appendix B. */
function tagOf(key: Uint8Array): number {
  const sum = key.reduce((all, byte, n) => all + (n % 2 === 0 ? byte << 8 : byte), 0);
  return (sum + (sum >>> 16)) & 0xffff;
}
