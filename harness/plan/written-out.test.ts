/** Occurrences that are written out by hand: `storm#3`. */
import { describe, expect, test } from "vitest";
import { judge } from "../judge/judge.ts";
import { createSchedule } from "../schedule/schedule.ts";
import { parseText, problemsIn, twoServices } from "./plan.testing.ts";

const plan = (steps: string, rest = ""): string => `plan: p
${twoServices}
phases:
  - name: storm
    for: 60s
    faults:
${steps.replaceAll(/^(?=.)/gm, "      ")}
${rest}`;

test("they are one step again, in the order of their times", async () => {
  const parsed = await parseText(
    plan(`- tcp.refuse: {}
  name: door#4
  at: 30s
  for: 1s
- process.kill: {}
  where: node
- tcp.latency: { delay: 1ms }
  name: door#1
  at: 10s
  for: 2s
`),
  );
  const [phase] = createSchedule(parsed, { seed: 7 }).phases;
  expect(
    phase?.steps.map(({ name, occurrences }) => [name, occurrences.map(({ n, at, kind }) => [n, at, kind])]),
  ).toEqual([
    [
      "door",
      [
        [1, 10_000, "tcp.latency"],
        [4, 30_000, "tcp.refuse"],
      ],
    ],
    ["process.kill", [[0, 0, "process.kill"]]],
  ]);
});

test("each draws what the occurrence of its number would draw", async () => {
  const every = await parseText(plan("- tcp.latency: { delay: 1ms..1s }\n  name: slow\n  every: 10s\n"));
  const written = await parseText(plan("- tcp.latency: { delay: 1ms..1s }\n  name: slow#4\n  at: 40s\n"));
  const [all, one] = [every, written].map(
    (parsed) => createSchedule(parsed, { seed: 7 }).phases[0]?.steps[0]?.occurrences,
  );
  expect(one?.[0]?.parameters).toEqual(all?.[4]?.parameters);
});

test("expressions, edges and expectations mean all of them", async () => {
  const parsed = await parseText(
    plan(
      `- tcp.latency: { delay: 1ms }
  name: slow#2
  at: 10s
  for: 1s
- tcp.latency: { delay: 1ms }
  name: slow#7
  at: 20s
  for: 1s
- process.kill: {}
  where: node
  after: slow.ended + 5s
`,
      'expect: [{ always: fault("slow").hits < 5, during: slow }]',
    ),
  );
  expect(createSchedule(parsed, { seed: 7 }).phases[0]?.steps[1]?.occurrences[0]?.at).toBe(26_000);
});

test("it is enough if one of them hits", async () => {
  const parsed = await parseText(
    plan("- tcp.refuse: {}\n  name: door#1\n- tcp.refuse: {}\n  name: door#2\n  at: 5s\n"),
  );
  const hit = { at: 1, event: "fault.hit", step: "door", occurrence: 2, where: "fetch", detail: {} } as const;
  const { findings } = judge(parsed, [
    { at: 0, event: "phase.begin", phase: "storm" },
    hit,
    { at: 9, event: "run.end" },
  ]);
  expect(findings.map(({ verdict, expectation }) => [verdict, expectation])).toEqual([["pass", "step door hits"]]);
});

describe("what can't be", () => {
  test.each([
    [
      "a number twice",
      "- tcp.refuse: {}\n  name: door#1\n- tcp.refuse: {}\n  name: door#1\n",
      /there is a step called door#1 already/,
    ],
    [
      "a step and an occurrence of it",
      "- tcp.refuse: {}\n  name: door\n- tcp.refuse: {}\n  name: door#1\n",
      /there is a step called door already/,
    ],
    [
      "an occurrence and then its step",
      "- tcp.refuse: {}\n  name: door#1\n- tcp.refuse: {}\n  name: door\n",
      /called door already/,
    ],
    [
      "one that happens again",
      "- tcp.refuse: {}\n  name: door#1\n  every: 10s\n",
      /leave out every: this is occurrence 1 alone/,
    ],
    ["one that waits for a condition", "- tcp.refuse: {}\n  name: door#1\n  when: node.started\n", /leave out when/],
    ["a number that is none", "- tcp.refuse: {}\n  name: door#x\n", /or storm#3 for one occurrence of it/],
  ])("%s", async (_name, steps, message) => {
    expect(
      (await problemsIn(plan(steps.replaceAll("tcp.refuse: {}", "tcp.refuse: {}\n  may_miss: true")))).join("\n"),
    ).toMatch(message);
  });
});
