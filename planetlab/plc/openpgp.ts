/**
 * As much of OpenPGP (RFC 9580, packets of version 4) as it takes to sign a message with RSA, and to tell others the key: what `gpg --decrypt` and
 * `gpg --import` read.
 *
 *     message   one-pass signature ─ literal data ─ signature
 *     key       public key ─ user id ─ signature of both
 */
import { createHash } from "node:crypto";
import { bytesOf, sign } from "./rsa.ts";
import type { RsaKey } from "./rsa.ts";

const tags = { signature: 2, onePass: 4, publicKey: 6, literal: 11, userId: 13 } as const;
const rsa = 1;
const sha256 = 8;
const kinds = { binary: 0x00, certification: 0x13 } as const;
const userId = "PlanetLab Central <root@plc.test>";
/** The key is as old as everything else: what it signs may be of any time since. */
const keyCreated = 1_000_000_000;

/** Armored, as GetSliceTicket hands it over. */
export function signMessage(text: string, key: RsaKey, timestampSeconds: number): string {
  const data = Buffer.from(text);
  const onePass = Buffer.concat([Buffer.from([3, kinds.binary, sha256, rsa]), keyIdOf(key), Buffer.from([1])]);
  const literal = Buffer.concat([Buffer.from("b\0", "latin1"), number4(timestampSeconds), data]);
  return armored("PGP MESSAGE", [
    packet(tags.onePass, onePass),
    packet(tags.literal, literal),
    signature(kinds.binary, data, key, timestampSeconds),
  ]);
}

/** Armored, for pubring.gpg. */
export function publicKeyOf(key: RsaKey): string {
  const body = publicBody(key);
  const user = Buffer.from(userId);
  const certified = Buffer.concat([framed(body), Buffer.from([0xb4]), number4(user.length), user]);
  return armored("PGP PUBLIC KEY BLOCK", [
    packet(tags.publicKey, body),
    packet(tags.userId, user),
    signature(kinds.certification, certified, key, keyCreated),
  ]);
}

function signature(kind: number, signed: Buffer, key: RsaKey, createdSeconds: number): Buffer {
  const created = Buffer.concat([Buffer.from([5, 2]), number4(createdSeconds)]);
  const mayCertifyAndSign = Buffer.from([2, 27, 0x03]);
  const hashed = kind === kinds.certification ? Buffer.concat([created, mayCertifyAndSign]) : created;
  const head = Buffer.concat([Buffer.from([4, kind, rsa, sha256]), number2(hashed.length), hashed]);
  const trailer = Buffer.concat([Buffer.from([4, 0xff]), number4(head.length)]);
  const whole = Buffer.concat([signed, head, trailer]);
  const issuer = Buffer.concat([Buffer.from([9, 16]), keyIdOf(key)]);
  return packet(
    tags.signature,
    Buffer.concat([
      head,
      number2(issuer.length),
      issuer,
      createHash("sha256").update(whole).digest().subarray(0, 2),
      integer(sign(whole, key)),
    ]),
  );
}

function publicBody({ modulus, exponent }: RsaKey): Buffer {
  const numbers = [modulus, exponent].map((number) => integer(bytesOf(number)));
  return Buffer.concat([Buffer.from([4]), number4(keyCreated), Buffer.from([rsa]), ...numbers]);
}

function keyIdOf(key: RsaKey): Buffer {
  return createHash("sha1")
    .update(framed(publicBody(key)))
    .digest()
    .subarray(-8);
}

function framed(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x99]), number2(body.length), body]);
}

/** With the number of its bits before it, and without leading zeros. */
function integer(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const rest = bytes.subarray(Math.max(0, first));
  return Buffer.concat([number2(rest.length * 8 - Math.clz32(rest[0] ?? 0) + 24), rest]);
}

function packet(tag: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x80 | (tag << 2) | 2]), number4(body.length), body]);
}

function number2(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function number4(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

function armored(what: string, packets: readonly Buffer[]): string {
  const bytes = Buffer.concat(packets);
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${what}-----\n\n${lines.join("\n")}\n=${checksum(bytes)}\n-----END ${what}-----\n`;
}

/** CRC-24 (RFC 9580, section 6.1). */
function checksum(bytes: Buffer): string {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ (crc & 0x800000 ? 0x1864cfb : 0);
  }
  return Buffer.from([(crc >> 16) & 0xff, (crc >> 8) & 0xff, crc & 0xff]).toString("base64");
}
