import { expect, test } from "vitest";
import { parseText } from "../plan/plan.testing.ts";
import { innerProxiesOf } from "./planes.ts";

const plan = (faults: string): string => `plan: p
services: { a: { command: [a] }, b: { command: [b] } }
links:
  fetch: { from: a, to: b, proto: http, port: 80 }
  look: { from: b, to: a, proto: tls, port: 81 }
  page: { from: b, to: a, proto: https, port: 82 }
phases: [{ name: x, for: 1s, faults: [${faults}] }]
`;

test.each([
  ["{ tcp.reset: {}, where: all }", []],
  ["{ tcp.reset: {}, where: look, leg: upstream }", [["look", ["upstream"]]]],
  [
    "{ choose: [{ tcp.reset: {} }, { none: {} }], name: some, where: { one_of: all }, leg: upstream }",
    [
      ["fetch", ["upstream"]],
      ["look", ["upstream"]],
      ["page", ["upstream"]],
    ],
  ],
  ["{ tls.expired: {}, where: look }", [["look", ["tls"]]]],
  [
    "{ tls.handshake_stall: {}, where: all }",
    [
      ["look", ["tls"]],
      ["page", ["tls"]],
    ],
  ],
  ["{ tls.no_close_notify: {}, where: look }, { tls.expired: {}, where: look }", [["look", ["termination"]]]],
  ["{ http.status: { code: 503 }, where: fetch }", [["fetch", ["http"]]]],
  ["{ http.status: { code: 503 }, where: page }", [["page", ["termination", "http", "origination"]]]],
  [
    "{ http.status: { code: 503 }, where: page }, { tls.expired: {}, where: page }, { tcp.reset: {}, where: page, leg: upstream }",
    [["page", ["termination", "http", "origination", "upstream"]]],
  ],
])("links have the proxies that the steps of a plan need: %s", async (faults, expected) => {
  expect([...innerProxiesOf(await parseText(plan(faults)))]).toEqual(expected);
});
