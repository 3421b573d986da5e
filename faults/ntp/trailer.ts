import { z } from "zod";
import { size } from "../units.ts";
import { ntpFault } from "./contract.ts";

const whats = ["garbage", "extension-field", "lying-extension-field", "mac", "crypto-nak"] as const;
type What = (typeof whats)[number];

export const trailer = ntpFault({
  plane: "ntp",
  kind: "ntp.trailer",
  about:
    "The reply has something behind its 48 bytes: bytes that mean nothing, an extension field of a type that nobody knows (which is to be skipped), one that says it is longer than the packet, the MAC of a key that the client does not have, or a crypto-NAK, which says that the server could not authenticate the request.",
  source:
    "RFC 5905, sections 7.5 and 9.2, appendix A.5.1; RFC 7822, section 3; CVE-2015-7871 (a crypto-NAK that was believed)",
  example: "{ what: crypto-nak }",
  pulse: false,
  parameters: z.strictObject({
    what: z.enum(whats, `write one of ${whats.join(", ")}`).meta({ description: "what it is", examples: [...whats] }),
    size: size
      .refine(
        (bytes) => bytes >= 28 && bytes <= 1024 && bytes % 4 === 0,
        "write a size from 28B to 1KiB, in steps of 4B",
      )
      .prefault("32B")
      .meta({ description: "how long garbage or an extension field is" }),
  }),
  start: () => ({}),
  after: (reply, _request, _state, { what, size: bytes }, { ordinal, draw }) => ({
    ...reply,
    packet: { ...reply.packet, rest: trailerOf(what, bytes, (n) => Math.floor(draw(`byte.${n}`, ordinal) * 256)) },
  }),
});

/** A type that RFC 7822's registry has given to nobody, and a key that nobody has. */
const unknownType = 0xf5_5d;
const unknownKey = 0x5e_ed;

function trailerOf(what: What, size: number, byte: (n: number) => number): Uint8Array {
  switch (what) {
    case "garbage":
      // Its first four bytes would be a field's length of 0, which no field has.
      return Uint8Array.from({ length: size }, (_, n) => (n < 4 ? 0 : byte(n)));
    case "extension-field":
      return field(size, size);
    case "lying-extension-field":
      return field(size, 0xff_fc);
    case "mac":
      return Uint8Array.from([
        0,
        0,
        unknownKey >> 8,
        unknownKey & 0xff,
        ...Array.from({ length: 16 }, (_, n) => byte(n)),
      ]);
    case "crypto-nak":
      return new Uint8Array(4);
  }
}

function field(bytes: number, says: number): Uint8Array {
  const written = new Uint8Array(bytes);
  written.set([unknownType >> 8, unknownType & 0xff, says >> 8, says & 0xff]);
  return written;
}
