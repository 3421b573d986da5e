import { expect, test } from "vitest";
import { z } from "zod";
import { ipAddress } from "./dns/parameters.ts";
import { linkIn, takesLink } from "./place.ts";

test("a link is what begins so, and nothing else", () => {
  expect(["link:fetch_1", "link:", "link:A", "a link:fetch", 7].map(linkIn)).toEqual([
    "fetch_1",
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("an address takes a link, and a text that takes anything is none", () => {
  expect(takesLink(ipAddress("where"))).toBe(true);
  expect(takesLink(ipAddress("where").optional())).toBe(true);
  expect([z.string(), z.string().optional(), z.int()].map(takesLink)).toEqual([false, false, false]);
});
