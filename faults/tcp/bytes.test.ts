/** Faults after which other bytes arrive. */
import { describe, expect, test } from "vitest";
import { stream } from "../random.ts";
import { corrupt } from "./corrupt.ts";
import { duplicate } from "./duplicate.ts";
import type { TcpData } from "./contract.ts";
import { conversation, data } from "./tcp.testing.ts";

/** At which bytes of a stream of zeros, in chunks of so many bytes, is something else; and what. */
function spoilt(parameters: object, chunk: number, length = 4096): readonly (readonly [number, number])[] {
  const parsed = corrupt.parameters.parse(parameters);
  const context = { since: 0, direction: "downstream", others: 0, shared: {}, draw: stream(1, ["corrupt"]) } as const;
  const state = corrupt.start(parsed, context);
  const got: [number, number][] = [];
  for (let offset = 0; offset < length; offset += chunk) {
    const bytes = new Uint8Array(Math.min(chunk, length - offset));
    const out = corrupt.map({ type: "data", due: 0, offset, bytes }, state, parsed, context) as TcpData;
    expect([out.offset, out.bytes.length]).toEqual([offset, bytes.length]);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    for (const [n, byte] of out.bytes.entries()) if (byte !== 0) got.push([offset + n, byte]);
  }
  return got;
}

describe("corrupt", () => {
  test("turns over one bit in each block that is drawn, however the bytes came", () => {
    const bits = spoilt({ block: "64B", probability: "50%" }, 4096);
    expect(bits.length).toBeGreaterThan(16);
    expect(bits.length).toBeLessThan(48);
    expect(new Set(bits.map(([offset]) => Math.floor(offset / 64))).size).toBe(bits.length);
    for (const [, byte] of bits) expect([1, 2, 4, 8, 16, 32, 64, 128]).toContain(byte);
    for (const chunk of [1, 7, 100]) expect(spoilt({ block: "64B", probability: "50%" }, chunk)).toEqual(bits);
  });

  test("changes a byte, or every byte of a range, at a given place", () => {
    expect(spoilt({ what: "byte", at: "10B" }, 7).map(([offset]) => offset)).toEqual([10]);
    expect(spoilt({ what: "range", at: "5B", length: "4B" }, 7).map(([offset]) => offset)).toEqual([5, 6, 7, 8]);
  });

  test("a range stays in its block", () => {
    const offsets = spoilt({ what: "range", length: "1KiB", block: "16B" }, 100, 64).map(([offset]) => offset);
    expect(offsets).toEqual(Array.from({ length: 64 }, (_, n) => n));
  });

  test("has no concern with what it does not change", () => {
    expect(conversation(corrupt, { at: "10B" })(data(0, 0, "abc"))).toEqual(["as it is"]);
    expect(conversation(corrupt, { probability: "0%" })(data(0, 0, "abc"))).toEqual(["as it is"]);
  });
});

describe("duplicate", () => {
  test("a range comes twice, counted from where the fault met the connection, however the bytes came", () => {
    expect(conversation(duplicate, { at: "1B", length: "3B" })(data(1, 10, "abcdef"))).toEqual([
      "1 10 abcd",
      "1 11 bcd",
      "1 14 ef",
    ]);
    const says = conversation(duplicate, { at: "1B", length: "3B" });
    expect([data(1, 10, "ab"), data(2, 12, "c"), data(3, 13, "d"), data(4, 14, "ef")].map(says)).toEqual([
      ["as it is"],
      ["as it is"],
      ["3 13 d", "3 11 bcd"],
      ["as it is"],
    ]);
  });

  test("what another fault swallowed is not repeated", () => {
    const says = conversation(duplicate, { length: "3B" });
    expect([data(1, 0, "a"), data(2, 2, "cd")].map(says)).toEqual([["as it is"], ["as it is"]]);
  });
});
