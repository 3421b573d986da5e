import { array, assert, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { createRecent } from "./recent.ts";

const most = 8;

test("of those that are used, none is forgotten before half as many others have come as are remembered, and never are there more", () => {
  assert(
    property(array(integer({ min: 0, max: 30 }), { maxLength: 200 }), (keys) => {
      const recent = createRecent<{ readonly made: number }>(most);
      const uses: number[] = [];
      for (const [n, key] of keys.entries()) {
        const others = new Set(uses.slice(uses.lastIndexOf(key) + 1));
        const mayBeForgotten = !uses.includes(key) || others.size >= most / 2;
        const { made } = recent.of(String(key), () => ({ made: n }));
        expect(mayBeForgotten || made < n).toBe(true);
        uses.push(key);
      }
      const kept = [...new Set(uses)].filter((key) => recent.get(String(key)) !== undefined);
      expect(kept.length).toBeLessThanOrEqual(most);
    }),
  );
});

test("what is only looked for is not made", () => {
  expect(createRecent(most).get("a")).toBeUndefined();
});
