import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batchSize, createLedger } from "./ledger.ts";
import type { Attempt, Batch, Outcome } from "./ledger.ts";

const attempts = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constant({ verdict: "pass" as const }) },
      { weight: 1, arbitrary: fc.constant({ verdict: "unknown" as const, reason: "nothing was hit" }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom("never a", "always b").map((failed) => ({ verdict: "fail" as const, failed })),
      },
    ),
    { minLength: 1, maxLength: 60 },
  )
  .map((all) => all.map((each, n): Attempt => ({ n, ...each })));

/** Hunters that are fast or slow as the numbers say; a step is one attempt of one of them. */
function hunt(
  all: readonly Attempt[],
  options: { jobs: number; batch: number; keepGoing: boolean; pace: readonly number[] },
): Outcome {
  const { jobs, batch, keepGoing, pace } = options;
  const ledger = createLedger({ total: all.length, batch, keepGoing });
  const hunters: (Batch | undefined)[] = Array.from({ length: jobs }, () => ledger.take());
  for (let step = 0; !ledger.over; step++) {
    const busy = hunters.flatMap((each, index) => (each === undefined ? [] : [index]));
    const index = busy[(pace[step % pace.length] ?? 0) % busy.length] ?? 0;
    const { from, count } = hunters[index] ?? { from: 0, count: 0 };
    ledger.record(all[from] as Attempt);
    hunters[index] = count > 1 ? { from: from + 1, count: count - 1 } : ledger.take();
  }
  return ledger.outcome();
}

const anyPace = fc.record({
  jobs: fc.integer({ min: 1, max: 8 }),
  batch: fc.integer({ min: 1, max: 8 }),
  pace: fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
});

describe("a ledger", () => {
  test.each([true, false])(
    "says the same however many hunt, and however fast each is (keep going: %s)",
    (keepGoing) => {
      fc.assert(
        fc.property(attempts, anyPace, (all, pace) => {
          expect(hunt(all, { ...pace, keepGoing })).toEqual(hunt(all, { jobs: 1, batch: 1, pace: [0], keepGoing }));
        }),
      );
    },
  );

  test("stops behind the first failure, and counts nothing beyond it", () => {
    fc.assert(
      fc.property(attempts, anyPace, (all, pace) => {
        const first = all.findIndex(({ verdict }) => verdict === "fail");
        const { tried, failed, catches } = hunt(all, { ...pace, keepGoing: false });
        expect(tried).toBe(first < 0 ? all.length : first + 1);
        expect(failed).toBe(first < 0 ? 0 : 1);
        const expectation = all[first]?.failed;
        expect(catches).toEqual(expectation === undefined ? [] : [{ expectation, count: 1, first }]);
      }),
    );
  });

  test("groups all failures by their expectation, if it is to go on", () => {
    fc.assert(
      fc.property(attempts, anyPace, (all, pace) => {
        const { tried, passed, failed, unknown, catches, firstUnknown } = hunt(all, { ...pace, keepGoing: true });
        expect([tried, passed + failed + unknown]).toEqual([all.length, all.length]);
        expect(firstUnknown?.n ?? -1).toBe(all.findIndex(({ verdict }) => verdict === "unknown"));
        for (const expectation of ["never a", "always b"]) {
          const those = all.filter((each) => each.failed === expectation);
          const [first] = those;
          expect(catches.filter((each) => each.expectation === expectation)).toEqual(
            first === undefined ? [] : [{ expectation, count: those.length, first: first.n }],
          );
        }
      }),
    );
  });

  test("hands out every number once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 8 }), (total, jobs) => {
        const ledger = createLedger({ total, batch: batchSize(total, jobs), keepGoing: true });
        const seen: number[] = [];
        for (let batch = ledger.take(); batch !== undefined; batch = ledger.take())
          for (let k = 0; k < batch.count; k++) seen.push(batch.from + k);
        expect(seen).toEqual(Array.from({ length: total }, (_, n) => n));
      }),
    );
  });
});
