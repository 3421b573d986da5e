import { assert, constantFrom, integer, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { uniform } from "../random.ts";
import { blackhole } from "./blackhole.ts";
import type { Datagram, UdpContext, UdpFault } from "./contract.ts";
import { corrupt } from "./corrupt.ts";
import { duplicate } from "./duplicate.ts";
import { latency } from "./latency.ts";
import { loss } from "./loss.ts";
import { rate } from "./rate.ts";
import { reorder } from "./reorder.ts";
import { truncate } from "./truncate.ts";

const all = [latency, loss, duplicate, reorder, corrupt, truncate, rate, blackhole] as unknown as readonly UdpFault[];
const context = (seed: number): UdpContext => ({
  since: 0,
  direction: "upstream",
  draw: (decision, n) => uniform(seed, [decision, n]),
});

/** What becomes of so many datagrams, one a millisecond. */
function through(fault: object, written: object, count: number, { seed = 1, bytes = 100 } = {}): Datagram[][] {
  const acting = fault as UdpFault;
  const parsed = acting.parameters.parse(written);
  const state = acting.start(parsed, context(seed));
  return Array.from({ length: count }, (_none, n) =>
    [acting.map({ due: n, ordinal: n + 1, bytes: new Uint8Array(bytes) }, state, parsed, context(seed))].flat(),
  );
}

const dues = (passed: Datagram[][]): number[] => passed.flat().map(({ due }) => due);
const lost = (passed: Datagram[][]): boolean[] => passed.map((put) => put.length === 0);

describe("each fault of udp", () => {
  test("latency adds its delay, and jitter lets one overtake another", () => {
    expect(dues(through(latency, { delay: "50ms" }, 3))).toEqual([50, 51, 52]);
    const late = dues(through(latency, { delay: "50ms", jitter: "20ms" }, 200));
    expect(late.every((due, n) => due - n >= 30 && due - n <= 70)).toBe(true);
    expect(late).not.toEqual(late.toSorted((a, b) => a - b));
    // A trace begins with its first value.
    expect(dues(through(latency, { delay: "0ms", jitter: { trace: ["10ms", "20ms"] } }, 3))).toEqual([10, 21, 22]);
  });

  test("loss by itself takes about the share that it is told", () => {
    expect(lost(through(loss, { probability: "0%" }, 100))).not.toContain(true);
    const share = lost(through(loss, { probability: "30%" }, 5000)).filter(Boolean).length / 5000;
    expect(share).toBeGreaterThan(0.27);
    expect(share).toBeLessThan(0.33);
  });

  test("loss in bursts takes p / (p + r) of all, in runs of 1 / r", () => {
    const gone = lost(through(loss, { p: "2%", r: "20%" }, 50_000));
    const losses = gone.filter(Boolean).length;
    const runs = gone.filter((is, n) => is && gone[n - 1] !== true).length;
    expect(Math.abs(losses / gone.length - 0.02 / 0.22)).toBeLessThan(0.02);
    expect(Math.abs(losses / runs - 5)).toBeLessThan(0.8);
  });

  test("1-h and 1-k are what is lost in the bad and in the good state", () => {
    expect(lost(through(loss, { p: "50%", "1-h": "0%" }, 100))).not.toContain(true);
    expect(lost(through(loss, { p: "0%", "1-k": "100%" }, 100))).not.toContain(false);
  });

  test("loss without a probability of any kind would lose nothing, and is refused", () => {
    const told = loss.parameters.safeParse({ r: "20%" }).error?.issues.map(({ message }) => message);
    expect(told).toEqual(["write at least one of probability and p, such as probability: 5%"]);
  });

  test("duplicate puts the copy right behind", () => {
    expect(dues(through(duplicate, { probability: "100%" }, 2))).toEqual([0, 0, 1, 1]);
  });

  test("reorder lets those behind overtake", () => {
    const delays = dues(through(reorder, { probability: "50%", delay: "10ms" }, 100)).map((due, n) => due - n);
    expect(new Set(delays)).toEqual(new Set([0, 10]));
  });

  test("corrupt turns over as many different bits as it is told, and an empty datagram has none", () => {
    assert(
      property(integer({ min: 1, max: 64 }), integer({ min: 0, max: 20 }), integer(), (bits, bytes, seed) => {
        const [[put]] = through(corrupt, { probability: "100%", bits }, 1, { seed, bytes }) as [[Datagram]];
        const ones = [...put.bytes]
          .flatMap((byte) => byte.toString(2).split(""))
          .filter((digit) => digit === "1").length;
        expect(ones).toBe(Math.min(bits, bytes * 8));
      }),
    );
  });

  test("truncate cuts what is longer, and lets be what is not", () => {
    const sizes = [65, 64, 0].map((bytes) =>
      through(truncate, { size: "64B" }, 1, { bytes }).flatMap((puts) => puts.map((put) => put.bytes.length)),
    );
    expect(sizes).toEqual([[64], [64], [0]]);
  });

  test("rate lets one pass after the other, and loses what would wait too long", () => {
    const passed = through(rate, { rate: "1000B/s", queue: "150ms" }, 4);
    expect(passed.map((put) => put.map(({ due }) => due))).toEqual([[100], [200], [], []]);
  });

  test("blackhole loses all", () => expect(through(blackhole, {}, 5).flat()).toEqual([]));
});

test("the same seed decides the same, and what came is never changed in its place", () => {
  const written: Readonly<Record<string, object>> = {
    "udp.latency": { delay: "5ms", jitter: "5ms" },
    "udp.loss": { probability: "10%", p: "5%", r: "50%" },
    "udp.duplicate": { probability: "50%" },
    "udp.reorder": { probability: "50%", delay: "5ms" },
    "udp.corrupt": { probability: "50%", bits: 3 },
    "udp.truncate": { size: "10B", probability: "50%" },
    "udp.rate": { rate: "64KiB/s" },
    "udp.blackhole": {},
  };
  assert(
    property(constantFrom(...all), integer(), integer({ min: 0, max: 200 }), (fault, seed, bytes) => {
      const parameters = written[fault.kind] ?? {};
      const once = through(fault, parameters, 30, { seed, bytes });
      expect(through(fault, parameters, 30, { seed, bytes })).toEqual(once);
      for (const [n, put] of once.entries()) for (const { due } of put) expect(due).toBeGreaterThanOrEqual(n);
    }),
  );
});
