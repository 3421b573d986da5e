import * as fc from "fast-check";
import { describe as group, expect, test } from "vitest";
import { referenceIdOf, referenceIdOfAddress } from "../../../faults/ntp/packet.ts";
import { differenceMs, eraOf, shifted, timestampOf, unixTimeOf } from "../../../faults/ntp/timestamp.ts";
import { describe, describeTime } from "./dump.ts";
import { decode, encode, type NtpPacket } from "./packet.ts";
import { readRest } from "./rest.ts";

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(/\s/g, ""), "hex");
const year = (text: string): number => Date.parse(text);
const near = year("2026-01-01T00:00:00Z");

/** What chrony 4.3 asked, and what chrony 4.3 answered from its own clock. */
const request = hex(`23000620 00000000 00000000 00000000 0000000000000000
  0000000000000000 0000000000000000 0cdc1afd3c0da42d`);
const reply = hex(`240a06e7 00000000 00000000 7f7f0101 eeb642d3c9dd40e7
  0cdc1afd3c0da42d eeb642d51cd7d3e1 eeb642d51ce2fe22`);

function packetOf(bytes: Uint8Array): NtpPacket {
  const decoded = decode(bytes);
  if ("malformed" in decoded) throw new Error(decoded.malformed);
  return decoded.packet;
}

group("packets", () => {
  test("every field is read, and written where it was", () => {
    expect(packetOf(reply)).toEqual({
      leap: 0,
      version: 4,
      mode: 4,
      stratum: 10,
      poll: 6,
      precision: -25,
      rootDelayMs: 0,
      rootDispersionMs: 0,
      referenceId: 0x7f_7f_01_01,
      reference: 0xeeb642d3_c9dd40e7n,
      origin: 0x0cdc1afd_3c0da42dn,
      receive: 0xeeb642d5_1cd7d3e1n,
      transmit: 0xeeb642d5_1ce2fe22n,
      rest: Buffer.alloc(0),
    });
    for (const bytes of [request, reply]) expect(Buffer.from(encode(packetOf(bytes)))).toEqual(Buffer.from(bytes));
  });

  test("any 48 bytes and more are a packet, and the very same bytes again", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 48, maxLength: 200 }), (bytes) => {
        expect(Buffer.compare(encode(packetOf(bytes)), bytes)).toBe(0);
      }),
    );
  });

  test("no bytes throw, whatever becomes of a real packet", () => {
    const mutated = fc
      .tuple(fc.constantFrom(request, reply), fc.array(fc.tuple(fc.nat(47), fc.nat(255))), fc.nat(60), fc.uint8Array())
      .map(([real, changes, length, behind]) => {
        const bytes = Uint8Array.from(real);
        for (const [at, value] of changes) bytes[at] = value;
        return Buffer.concat([bytes.subarray(0, length), behind]);
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 2000 })), (bytes) => {
        const line = describe(bytes, near);
        expect(line).not.toContain("\n");
        expect(line.length).toBeLessThan(3000);
        expect(line.startsWith("malformed (")).toBe(bytes.length < 48);
      }),
    );
  });
});

group("what is behind the header", () => {
  test.each([
    ["nothing", "", { fields: [], garbage: 0 }],
    ["a crypto-NAK", "00000000", { fields: [], mac: { key: 0, digestBytes: 0 }, garbage: 0 }],
    ["a MAC", `00000007${"ab".repeat(16)}`, { fields: [], mac: { key: 7, digestBytes: 16 }, garbage: 0 }],
    ["an extension field", `0104001c${"00".repeat(24)}`, { fields: [{ type: 0x104, bytes: 28 }], garbage: 0 }],
    [
      "two, and a MAC",
      `0104001c${"00".repeat(24)}0204001c${"00".repeat(24)}00000001${"cd".repeat(20)}`,
      {
        fields: [
          { type: 0x104, bytes: 28 },
          { type: 0x204, bytes: 28 },
        ],
        mac: { key: 1, digestBytes: 20 },
        garbage: 0,
      },
    ],
    ["a field longer than the packet", `0104ffff${"00".repeat(28)}`, { fields: [], garbage: 32 }],
    ["a field of no length", `01040000${"00".repeat(28)}`, { fields: [], garbage: 32 }],
    ["three bytes", "010203", { fields: [], garbage: 3 }],
  ])("%s", (_what, bytes, expected) => {
    expect(readRest(hex(bytes))).toEqual(expected);
  });
});

group("times", () => {
  test.each([
    ["1900-01-01T00:00:00Z", 0n, 0],
    ["1970-01-01T00:00:00Z", 2_208_988_800n << 32n, 0],
    ["2026-01-01T00:00:00.5Z", (3_976_214_400n << 32n) + (1n << 31n), 0],
    ["2036-02-07T06:28:15Z", 0xffff_ffffn << 32n, 0],
    ["2036-02-07T06:28:17Z", 1n << 32n, 1],
  ])("%s", (text, timestamp, era) => {
    expect(timestampOf(year(text))).toBe(timestamp);
    expect(unixTimeOf(timestamp, year(text) + 3e10)).toBe(year(text));
    expect(eraOf(year(text))).toBe(era);
  });

  test("a time comes back as it was, in whichever era it is", () => {
    fc.assert(
      fc.property(fc.integer({ min: -3e12, max: 9e12 }), fc.integer({ min: -2e12, max: 2e12 }), (time, away) => {
        expect(unixTimeOf(timestampOf(time), time + away)).toBeCloseTo(time, 3);
      }),
    );
  });

  test("a shift is exact, across the border of an era as well, and a time that is not known stays so", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n, max: (1n << 64n) - 2n }), fc.integer({ min: -1e12, max: 1e12 }), (from, by) => {
        const there = shifted(from, by);
        if (there === 1n) return;
        expect(shifted(there, -by)).toBe(from);
        expect(differenceMs(there, from)).toBeCloseTo(by, 3);
      }),
    );
    expect(shifted(0n, 40_000)).toBe(0n);
  });

  test("dates are those of the calendar", () => {
    fc.assert(
      fc.property(fc.integer({ min: -2_208_988_799, max: 6_000_000_000 }), (seconds) => {
        const [shown = ""] = describeTime(timestampOf(seconds * 1000), seconds * 1000).split(" ");
        expect(shown.replace(/\.0+Z$/, ".000Z")).toBe(new Date(seconds * 1000).toISOString());
      }),
    );
  });
});

test("one line says all of it, in the RFC's words", () => {
  expect(describe(reply, near)).toBe(
    "LI 0, VN 4, Mode 4, Stratum 10, Poll 6, Precision -25, Root Delay 0s, Root Dispersion 0s, Reference ID 127.127.1.1, Reference Timestamp 2026-11-29T06:21:07.788532310Z, Origin Timestamp 2042-12-09T09:25:17.234583149Z (era 1), Receive Timestamp 2026-11-29T06:21:09.112668268Z, Transmit Timestamp 2026-11-29T06:21:09.112838633Z",
  );
  const kiss = {
    ...packetOf(reply),
    stratum: 0,
    referenceId: referenceIdOf("RATE"),
    transmit: 0n,
    rest: hex("00000000"),
  };
  expect(describe(encode(kiss), near)).toMatch(/Stratum 0, .*Reference ID RATE, .*Transmit Timestamp 0, crypto-NAK$/);
  expect(describe(reply.subarray(0, 3), near)).toBe("malformed (3 bytes, of at least 48): 240a06");
});

test("a reference identifier is an address, or nothing", () => {
  expect(referenceIdOfAddress("198.18.0.1")).toBe(0xc6_12_00_01);
  expect(referenceIdOfAddress("fd00::1")).toBeUndefined();
});
