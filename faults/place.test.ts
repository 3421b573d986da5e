import { expect, test } from "vitest";
import { z } from "zod";
import { ipAddress } from "./dns/parameters.ts";
import { linkIn, takesDoor, takesLink } from "./place.ts";
import { stranger } from "./tcp/stranger.ts";

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

test("an address that has a port is no door's", () => {
  const { to } = stranger.parameters.shape;
  expect([ipAddress("where"), ipAddress("where").optional(), to, z.string()].map(takesDoor)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(takesLink(to)).toBe(true);
});
