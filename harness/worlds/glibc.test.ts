/** What an independent client, glibc's `getaddrinfo`, makes of faults of DNS on port 53, by a resolv.conf of its own: it needs a place of its own for that. */
import { describe, expect, test } from "vitest";
import { glibcRows } from "./fixtures/glibc-rows.ts";
import type { Heard } from "./fixtures/glibc.ts";
import { crowd, openTheatre } from "./stage.testing.ts";

describe.each(crowd.filter(({ flavour }) => flavour === "isolated"))("in a place of its own, as $user", (flavour) => {
  const { play } = openTheatre(flavour);

  test("getaddrinfo hears what it should without a fault, and what it must with it", async () => {
    const heard = (await play("faults of names, as glibc sees them").result) as readonly Heard[];
    const told = glibcRows.map(({ row, kind, parameters = {}, match = {} }, n) => ({
      what: `row ${row}: ${kind} ${JSON.stringify({ ...parameters, ...match })}`,
      without: heard[n]?.without,
      with: heard[n]?.with,
    }));
    expect(told).toEqual(
      glibcRows.map(({ row, kind, parameters = {}, match = {}, without, with: expected }) => ({
        what: `row ${row}: ${kind} ${JSON.stringify({ ...parameters, ...match })}`,
        without,
        with: expected,
      })),
    );
    for (const [n, { waits, unseen }] of glibcRows.entries()) {
      expect(heard[n]?.ms).toBeGreaterThanOrEqual(waits ? 1000 : 0);
      expect((heard[n]?.hits ?? 0) > 0).toBe(unseen !== true);
    }
  });
});
