import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readFrame, writeFrame } from "./frame.ts";
import { packParcel, unpackParcel } from "./parcel.ts";
import type { Parcel } from "./parcel.ts";

const parcel: Parcel = {
  digest: "abc",
  exitCode: 1,
  signal: null,
  seconds: 1.5,
  said: "1 failed",
  files: { "2026/drip/history.jsonl": "e30K" },
  leftOut: [],
};

describe("what a task hands over", () => {
  test("arrives as it was, whatever it is, and whatever is written around it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.string(), (bytes, noise) => {
        const read = readFrame(`${noise}${writeFrame(bytes)}${noise}`);
        expect(read).toEqual({ type: "whole", content: Buffer.from(bytes) });
      }),
    );
  });

  test("has no line that an engine would cut", () => {
    const lines = writeFrame(Buffer.alloc(100_000, "x")).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(16 * 1024);
  });

  test("is not taken for whole when it was cut anywhere", () => {
    const whole = writeFrame(Buffer.alloc(9000, "x")).trimEnd();
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), (length) => {
        expect(readFrame(whole.slice(0, length)).type).toBe("cut");
      }),
    );
  });

  test("is not taken for whole when a line of it is missing or damaged", () => {
    const lines = writeFrame(Buffer.alloc(9000, "x")).split("\n");
    expect(readFrame(lines.toSpliced(3, 1).join("\n"))).toMatchObject({
      type: "cut",
      reason: "what it handed over breaks off: 5928 of 9000 bytes arrived",
    });
    expect(readFrame(lines.with(3, (lines[3] ?? "").replace("eHh4", "eHh5")).join("\n"))).toMatchObject({
      type: "cut",
      reason: "what it handed over is damaged: it does not have its digest",
    });
  });

  test("is nothing where a task wrote nothing", () => {
    expect(readFrame("")).toEqual({ type: "cut", reason: "it handed nothing over" });
  });

  test("is a parcel again", () => {
    expect(unpackParcel(packParcel(parcel))).toEqual(parcel);
  });

  test.each(["../up", "/etc/passwd", "a/../../b", "", "a//b", "./a"])("is refused with a file at %j", (path) => {
    expect(() => unpackParcel(packParcel({ ...parcel, files: { [path]: "" } }))).toThrow("leads elsewhere");
  });
});
