/** Programs that a simulation can't do justice to: the verdict says so, whatever they make of it. */
import { expect, test } from "vitest";
import type { Main } from "../../../host/host.ts";
import type { Finding } from "../../judge/finding.ts";
import { bindPlan } from "../../plan/parse.ts";
import { parseText } from "../../plan/plan.testing.ts";
import { runTrial } from "../../run/trial.ts";

const text = `
plan: one-program
services:
  node: { program: node.ts }
phases:
  - { name: work, for: 10s }
expect:
  - never: node.exited
`;

async function findingsOn(main: Main): Promise<readonly Finding[]> {
  const plan = bindPlan(await parseText(text, { "subject.yaml": "subject: none\nready: { log: ready }\n" }), {
    seed: 1,
    cell: {},
    params: {},
  });
  const programs = new Map([["node.ts", { main, folder: "/srv" }]]);
  const signal = new AbortController().signal;
  const { findings } = await runTrial({ plan, cell: {}, seed: 1, without: new Map(), programs, signal });
  return findings;
}

const forbidden = {
  verdict: "unknown",
  expectation: "the run goes as planned",
  reason:
    "Math.random is not to be had in a simulation (used by node): take host.random.number() or host.random.bytes(length)",
};

test("one that catches what tells it that it uses real randomness gets no verdict, and hears the reason once", async () => {
  const findings = await findingsOn(async (host) => {
    host.log("ready");
    for (;;) {
      await host.clock.sleep(1000);
      try {
        Math.random();
      } catch {
        host.log("never mind");
      }
    }
  });
  expect(findings.filter(({ verdict }) => verdict !== "pass")).toMatchObject([forbidden]);
});

test("one that crashes by it has not failed", async () => {
  const findings = await findingsOn(async (host) => {
    host.log("ready");
    await host.clock.sleep(1000);
    return Math.random();
  });
  expect(findings.filter(({ verdict }) => verdict !== "pass")).toMatchObject([forbidden]);
});

test("one that waits for no time at all, again and again, is as good as any", async () => {
  const findings = await findingsOn(async (host) => {
    host.log("ready");
    for (;;) await host.clock.sleep(0);
  });
  expect(findings.filter(({ verdict }) => verdict !== "pass")).toEqual([]);
});
