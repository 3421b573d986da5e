import { describe, expect, test } from "vitest";
import type { DnsContext } from "./contract.ts";
import { addressRecord, answerTo, type Resource } from "./message.ts";
import { query } from "./query.testing.ts";
import { stale } from "./stale.ts";

const minute = 60_000;

/** The server says these at the given minutes, and each time it is told what comes of it. */
function conversation(behind: string, said: readonly (readonly [minutes: number, ...Resource[]])[]): unknown[] {
  const parameters = stale.parameters.parse({ behind });
  const state = stale.start(parameters);
  const context: Omit<DnsContext, "now"> = {
    ordinal: 1,
    attempt: 1,
    transport: "udp",
    client: "10.0.0.9",
    socket: "10.0.0.9:5353",
    since: 0,
    sizeOf: () => 0,
    draw: () => 0,
  };
  return said.map(([minutes, ...answers]) => {
    const message = answerTo(query, { rcode: answers.length === 0 ? 3 : 0, answers });
    const told = { ...context, now: minutes * minute };
    stale.remember?.(message, query, state, parameters, told);
    const [reply] = [stale.after?.({ message, laterMs: 0 }, query, state, parameters, told) ?? { message }].flat();
    return reply?.message.answers.map(({ data }) => ("address" in data ? data.address : "")).join(" ");
  });
}

const a = (n: number, ttl = 300): Resource => addressRecord("plc.test", `10.0.0.${n}`, ttl);

describe("what is stale", () => {
  test("is what the server said so long ago, or what it said first", () => {
    const said = [[0, a(1)] as const, [5, a(2)] as const, [9, a(2)] as const, [10, a(3)] as const];
    expect(conversation("5m", [...said, [14.9, a(3)], [15, a(3)]])).toEqual([
      "10.0.0.1",
      "10.0.0.1",
      "10.0.0.1",
      "10.0.0.2",
      "10.0.0.2",
      "10.0.0.3",
    ]);
  });

  test("includes that there was no such name", () => {
    expect(conversation("5m", [[0], [1, a(1)], [5.9, a(1)], [6, a(1)]])).toEqual(["", "", "", "10.0.0.1"]);
  });

  test("is not newer for an order that changes or a time to live that runs out", () => {
    const turns = Array.from({ length: 100 }, (_, n) => [n, ...(n % 2 === 0 ? [a(1), a(2, n)] : [a(2, n), a(1)])]);
    const said = [[0, a(9)], ...turns.map(([n, ...rest]) => [Number(n) + 1, ...rest])] as [number, ...Resource[]][];
    expect(new Set(conversation("2h", said))).toEqual(new Set(["10.0.0.9"]));
  });

  test("is never newer than that, however often the server says something else", () => {
    const said = Array.from({ length: 200 }, (_, n) => [n, a(n)] as const);
    const ages = conversation("1h", said).map((address, n) => n - Number(String(address).slice("10.0.0.".length)));
    expect(ages.slice(60).every((age) => age >= 60)).toBe(true);
    expect(ages.at(-1)).toBeLessThan(200);
  });
});
