import { describe, expect, test } from "vitest";
import { createSchedule, type Occurrence } from "../schedule/schedule.ts";
import { warningsOfPace } from "./pace.ts";
import { bindPlan, cells } from "./parse.ts";
import { parseText, problemsIn } from "./plan.testing.ts";
import type { Plan, Written } from "./schema.ts";

const plan = (signal: string, { time = "{ scale: 60 }", more = "", step = "" } = {}): string => `
plan: p
time: ${time}
services: { node: { command: [node], start_timeout: { real: 15s } } }
${more}
phases: [{ name: storm, for: 2h, faults: [{ process.signal: ${signal}${step} }] }]
`;

function first(read: Plan, cell: Readonly<Record<string, Written>> = {}): Occurrence | undefined {
  return createSchedule(read, { seed: 1, cell }).phases[0]?.steps[0]?.occurrences[0];
}

async function warned(gap: string): Promise<readonly string[]> {
  return warningsOfPace(await parseText(plan(`{ signal: HUP, count: 2, gap: ${gap} }`)));
}

describe("a duration in real time", () => {
  test.each([
    ["{ signal: HUP, count: 2, gap: { real: 2ms } }", { gap: "120ms" }],
    ["{ signal: HUP, count: 2, gap: { real: $pause } }", { gap: "180ms" }],
    ["{ signal: HUP, count: 2, gap: { real: = pause / 3 } }", { gap: "60ms" }],
    ["{ signal: HUP, count: 2, gap: { real: { cycle: [2ms, 3ms] } } }", { gap: "120ms" }],
    ["{ signal: HUP, count: 2, gap: $real_pause }", { gap: "240ms" }],
    ["{ signal: HUP, count: 2, gap: $once }", { gap: "300ms" }],
  ])("%s is so much of the plan's time", async (signal, wanted) => {
    const more = `params:
  pause: { default: 3ms, help: a pause }
  real_pause: { default: { real: 4ms }, help: one in real time }
let: { once: { real: 5ms } }`;
    expect(first(await parseText(plan(signal, { more })))).toMatchObject({ parameters: wanted });
  });

  test("may stand wherever a duration may", async () => {
    const step = ", at: { real: 1s }, every: { real: 2s..3s }, for: { real: 500ms }";
    const read = await parseText(
      plan("{ signal: HUP }", { step: step.replace(", for: { real: 500ms }", "") }).replace(
        "for: 2h",
        "for: { real: 120s }",
      ) + "expect: [{ eventually: node.alive, within: { real: 3s } }]\n",
    );
    expect(first(read)).toMatchObject({ at: 60_000 });
    expect(read.phases[0]?.for).toBe(7_200_000);
    expect(read.expect[0]).toMatchObject({ within: 180_000 });
  });

  test("is what it says where time is not scaled, and of what counts in real time anyway", async () => {
    const read = await parseText(plan("{ signal: HUP, count: 2, gap: { real: 2ms } }", { time: "{}" }));
    expect(first(read)).toMatchObject({ parameters: { gap: "2ms" } });
    expect((await parseText(plan("{ signal: HUP }"))).services["node"]?.start_timeout).toBe(15_000);
  });

  test("follows a scale that is a parameter of the matrix", async () => {
    const more = "matrix: { pace: [10, 100] }";
    const read = await parseText(
      plan("{ signal: HUP, count: 2, gap: { real: 2ms } }", { time: "{ scale: $pace }", more }),
    );
    const gaps = cells(read).map((cell) => first(bindPlan(read, { seed: 1, cell, params: {} }), cell));
    expect(gaps).toMatchObject([{ parameters: { gap: "20ms" } }, { parameters: { gap: "200ms" } }]);
  });

  test.each([
    ["{ signal: HUP, gap: { real: 2 } }", "write a duration with its unit, such as 250ms, 3s or 2m"],
    ["{ signal: HUP, gap: { reel: 2ms } }", "gap"],
    ["{ signal: HUP, gap: { real: $gone } }", "gone"],
    ["{ signal: HUP, count: { real: 2ms } }", "count"],
  ])("%s is refused", async (signal, words) => {
    expect((await problemsIn(plan(signal))).join("\n")).toContain(words);
  });

  test("is not warned of, as others are that a machine can't keep", async () => {
    expect(await warned("{ real: 2ms }")).toEqual([]);
    expect(await warned("{ real: 2ms..3ms }")).toEqual([]);
    expect(await warned("120ms")).toEqual([expect.stringContaining("or { real: 120ms } if it is meant so")]);
  });

  test("is a name where names are the author's own", async () => {
    const read = await parseText(plan("{ signal: HUP, count: 2, gap: $real }", { more: "let: { real: 2ms }" }));
    expect(first(read)).toMatchObject({ parameters: { gap: "2ms" } });
  });
});
