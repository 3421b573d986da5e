import { expect, test } from "vitest";
import { parseText, problemsIn } from "../plan.testing.ts";

const own = { "servers/ntp/main.ts": "" };
const plan = (second: string): string => `
plan: p
services:
  node: { program: node.ts }
  ntp1: { ntp: { stratum: 2, reference_id: GPS, root_delay: 5ms, root_dispersion: 1ms } }
  ntp2: { ntp: ${second} }
links:
  time: { from: node, to: ntp1, proto: ntp }
  up: { from: ntp2, to: ntp1, proto: ntp, name: clock.test }
phases: [{ name: storm, for: 60s }]
`;

test("a time server of a plan is the built-in program", async () => {
  const { ntp1, ntp2 } = (await parseText(plan("{ upstream: ntp1, poll: 8s }"), own)).services;
  expect(ntp1).toMatchObject({
    program: "servers/ntp/main.ts",
    args: [
      "--listen",
      "123",
      "--stratum",
      "2",
      "--reference-id",
      "GPS",
      "--root-delay",
      "5ms",
      "--root-dispersion",
      "1ms",
    ],
  });
  expect(ntp2?.args).toEqual(["--listen", "123", "--upstream", "clock.test:123", "--poll", "8000ms"]);
  expect((await parseText(plan("{}"), own)).services["ntp2"]?.args).toEqual(["--listen", "123"]);
});

test("a time server may ask one beyond the plan, over no link", async () => {
  const { ntp2 } = (await parseText(plan('{ upstream: "192.0.2.1:123" }'), own)).services;
  expect(ntp2).toMatchObject({ args: ["--listen", "123", "--upstream", "192.0.2.1:123"], beyond: "192.0.2.1:123" });
});

test.each([
  ["{ upstream: ntp3 }", "upstream: there is no service ntp3"],
  [
    "{ upstream: node }",
    "write a link on which ntp2 asks node, such as transfer: { from: ntp2, to: node, proto: ntp }",
  ],
  ["{ poll: 8s }", "poll: leave out poll: it goes with upstream"],
  ["{ stratum: 16 }", "stratum: write 15 at most"],
])("one mistake, one sentence: %s", async (second, message) => {
  expect((await problemsIn(plan(second), own)).join("\n")).toContain(message);
});
