import { expect, test } from "vitest";
import { problemsIn } from "./plan.testing.ts";

const plan = (proto: string, fault: string): string => `plan: p
services: { a: { command: [a] }, b: { command: [b] } }
links: { fetch: { from: a, to: b, proto: ${proto}, port: 53 } }
phases: [{ name: x, for: 1s, faults: [{ ${fault}: {}, where: fetch }] }]
`;

test("a fault of udp on a link of tcp, and the other way round, says what to write", async () => {
  expect(await problemsIn(plan("udp", "udp.blackhole"))).toEqual([]);
  expect(String(await problemsIn(plan("http", "udp.blackhole")))).toContain(
    "fetch is a link of proto: http, on which udp faults do not act: write a fault of tcp",
  );
  expect(String(await problemsIn(plan("udp", "tcp.blackhole")))).toContain(
    'fetch is a link of proto: udp, on which tcp faults do not act: write a fault of udp (see "sinbin faults udp"), or a link with proto: tcp, http, https or tls',
  );
});
