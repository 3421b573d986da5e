import { expect, test } from "vitest";
import type { DnsContext } from "./contract.ts";
import { query } from "./query.testing.ts";
import { rateLimit } from "./rate-limit.ts";

test("beyond so many of a client's in a second, each second one is answered by TC and the others are dropped; over TCP all are let be", () => {
  const parameters = rateLimit.parameters.parse({ per_second: 2, slip: 2 });
  const state = rateLimit.start(parameters);
  const ask = (now: number, client = "a", transport: "udp" | "tcp" = "udp"): string => {
    const context = { now, client, transport } as DnsContext;
    const decision = rateLimit.before?.(query, state, parameters, context);
    if (decision?.type !== "answer") return decision?.type ?? "passes";
    const [{ message } = { message: query }] = decision.replies;
    return message.tc && message.answers.length === 0 ? "tc" : "answered";
  };
  expect([1000, 1100, 1200, 1300, 1400, 1999].map((now) => ask(now))).toEqual([
    "passes",
    "passes",
    "drop",
    "tc",
    "drop",
    "tc",
  ]);
  expect([ask(1999, "b"), ask(1999, "a", "tcp"), ask(2000)]).toEqual(["passes", "passes", "passes"]);
});
