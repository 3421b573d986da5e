import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { duration, of, probability, rateBetween, sizeUpTo, type Injecting } from "../arbitraries.testing.ts";
import { createRig, type Injected, type Rig } from "./link.testing.ts";

const size = sizeUpTo(3000);
const rate = rateBetween(1, 200_000);
const jitter = fc.oneof(
  duration,
  fc.record({ exponential: duration }),
  fc.record({ normal: fc.tuple(duration, duration) }),
);

const delaying: fc.Arbitrary<Injecting> = fc.oneof(
  of("tcp.latency", fc.record({ delay: duration, jitter })),
  of("tcp.slicer", fc.record({ size, delay: duration })),
  of("tcp.loss", fc.record({ probability, correlation: probability, delay: duration, segment: size })),
  of("tcp.slow-close", fc.record({ delay: duration })),
);
const spacing: fc.Arbitrary<Injecting> = fc.oneof(
  delaying,
  of("tcp.bandwidth", fc.record({ rate })),
  of("tcp.drip", fc.record({ rate, chunk: size })),
  of("tcp.blackhole"),
  of("tcp.stall", fc.record({ after_bytes: size })),
);
const harmless: fc.Arbitrary<Injecting> = fc.oneof(
  spacing,
  of("tcp.stall", fc.record({ after: duration, after_bytes: size }, { requiredKeys: [] })),
);
const cutting: fc.Arbitrary<Injecting> = fc.oneof(
  of("tcp.truncate", fc.record({ after: size })),
  of("tcp.reset", fc.record({ after_bytes: size })),
  of("tcp.duplicate", fc.record({ at: size, length: size })),
  of("tcp.limit", fc.record({ bytes: size })),
  of(
    "tcp.corrupt",
    fc.record({ what: fc.constantFrom("bit", "byte", "range"), probability, block: size, length: size }),
  ),
);

/** A stream in which every byte differs from its neighbours and from those 251 further on. */
function streamOf(length: number): string {
  return Buffer.from(Uint8Array.from({ length }, (_, n) => 1 + ((n + Math.floor(n / 251)) % 251))).toString("latin1");
}

const longest = streamOf(60 * 5000);

describe("whatever delaying faults come and go", () => {
  type Step = (rig: Rig, lifts: Injected[], rest: { text: string }) => void;
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.integer({ min: 1, max: 5000 }).map((length): Step => (rig, _lifts, rest) => {
      rig.send(rest.text.slice(0, length));
      rest.text = rest.text.slice(length);
    }),
    fc.integer({ min: 0, max: 3000 }).map(
      (ms): Step =>
        (rig) =>
          rig.clock.advance(ms),
    ),
    harmless.map(
      ([kind, parameters]): Step =>
        (rig, lifts) =>
          void lifts.push(rig.inject(kind, parameters)),
    ),
    fc.nat().map(
      (n): Step =>
        (_rig, lifts) =>
          lifts.splice(n % (lifts.length + 1), 1)[0]?.lift(),
    ),
    fc.constant<Step>((rig) => (rig.full = true)),
    fc.constant<Step>((rig) => rig.drain()),
  );

  test("the receiver gets exactly what was sent, in order, with FIN last, once all are lifted", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, seed) => {
        const rig = createRig({ seed });
        const sent = longest;
        const rest = { text: sent };
        const lifts: Injected[] = [];
        for (const each of steps) each(rig, lifts, rest);
        expect(sent.startsWith(rig.text())).toBe(true);
        rig.link.receive("fin");
        for (const { lift } of lifts) lift();
        rig.drain();
        rig.clock.advance(0);
        expect(rig.text()).toBe(sent.slice(0, sent.length - rest.text.length));
        expect(rig.log.filter(({ got }) => got === "fin")).toHaveLength(1);
        expect(rig.log.at(-1)?.got).toBe("fin");
        expect(rig.clock.timers()).toBe(0);
        expect(rig.paused()).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

/** Three batches of bytes, each at its time, cut into chunks of these lengths, again and again. */
function run(injections: readonly Injecting[], lengths: readonly number[], seed: number): Rig {
  const rig = createRig({ seed });
  for (const [kind, parameters] of injections) rig.inject(kind, parameters);
  let chunk = 0;
  for (const batch of [3000, 1, 2500].map(streamOf)) {
    for (let sent = 0; sent < batch.length; chunk += 1) {
      const length = lengths[chunk % lengths.length] ?? 1;
      rig.send(batch.slice(sent, sent + length));
      sent += length;
    }
    rig.clock.advance(700);
  }
  rig.link.receive("fin");
  rig.clock.advance(100 * 86_400_000);
  return rig;
}

describe("however TCP chunks the bytes", () => {
  const chunking = fc.array(fc.integer({ min: 1, max: 2500 }), { minLength: 1, maxLength: 20 });

  /** The same bytes under the same faults, chunked in two ways. */
  function compare(injecting: fc.Arbitrary<Injecting>, check: (first: Rig, second: Rig) => void): void {
    fc.assert(
      fc.property(fc.array(injecting, { maxLength: 4 }), chunking, chunking, fc.nat(), (injections, one, other, seed) =>
        check(run(injections, one, seed), run(injections, other, seed)),
      ),
      { numRuns: 100 },
    );
  }

  test("faults that delay and cut put out the same bytes at the same times", () => {
    compare(fc.oneof(delaying, cutting), (first, second) => {
      expect(second.text()).toBe(first.text());
      expect(second.times()).toEqual(first.times());
      expect(second.end()).toBe(first.end());
    });
  });

  test("faults that space bytes put out the same bytes, none before its time", () => {
    // A bottleneck passes pieces of what was read at once, and a stall at a moment would fall between them.
    compare(fc.oneof(spacing, cutting), (first, second) => {
      expect(second.text()).toBe(first.text());
      expect(second.end()).toBe(first.end());
    });
  });

  test("a bottleneck is never ahead of its rate", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), chunking, (bytesPerSecond, lengths) => {
        const rig = run([["tcp.bandwidth", { rate: `${bytesPerSecond}B/s` }]], lengths, 1);
        const early = rig.times().filter((at, n) => at < (n * 1000) / bytesPerSecond - 1e-6);
        expect(early).toEqual([]);
        expect(rig.text().length).toBe(5501);
      }),
      { numRuns: 50 },
    );
  });
});

describe("while time passes between two looks at the clock", () => {
  test("everything comes at last, with nothing to push it but its own timer", () => {
    const creep = fc.constantFrom(0.001, 0.3, 7);
    fc.assert(
      fc.property(fc.array(delaying, { maxLength: 3 }), duration, creep, fc.nat(), (injections, after, creep, seed) => {
        const rig = createRig({ seed, creep });
        for (const [kind, parameters] of injections) rig.inject(kind, parameters);
        for (let n = 0; n < 20; n += 1) rig.send(streamOf(100));
        rig.clock.advance(1e9);
        expect(rig.text().length).toBe(2000);
        rig.inject("tcp.reset", { after });
        rig.clock.advance(1e9);
        expect(rig.log.at(-1)?.got).toBe("rst by fault");
      }),
      { numRuns: 200 },
    );
  });
});

describe("a fault that changes nothing", () => {
  test("may come and go at any time beside one that delays", () => {
    const moment = fc.integer({ min: 0, max: 500 });
    fc.assert(
      fc.property(harmless, fc.array(moment, { maxLength: 30 }), fc.nat(), ([kind, parameters], moments, seed) => {
        const times = [false, true].map((toggled) => {
          const rig = createRig({ seed });
          const before = toggled ? rig.inject("tcp.slicer", { size: "1GiB" }) : undefined;
          rig.inject(kind, parameters);
          rig.send(streamOf(3000));
          let idle: Injected | undefined;
          for (const [n, ms] of moments.entries()) {
            rig.clock.advance(ms);
            if (!toggled) continue;
            if (n === 3) before?.lift();
            idle?.lift();
            idle = rig.inject("tcp.slicer", { size: "1GiB" });
          }
          rig.clock.advance(1e9);
          return rig.times();
        });
        expect(times[1]).toEqual(times[0]);
      }),
      { numRuns: 100 },
    );
  });
});
