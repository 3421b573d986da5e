import * as fc from "fast-check";
import { expect, test } from "vitest";
import { httpDate, sqlDate } from "./date.ts";

test("dates are those of the language's own", () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date("2200-01-01"), noInvalidDate: true }), (date) => {
      expect(httpDate(date.getTime())).toBe(date.toUTCString());
      expect(sqlDate(date.getTime())).toBe(date.toISOString().slice(0, 19).replace("T", " "));
    }),
  );
});
