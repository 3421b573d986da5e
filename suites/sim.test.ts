/**
 * Every plan of the suites in the simulated world: the same twice over, and each control red. By day every fourth one: `npm start` runs all of them, with
 * all controls, on all cores.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bindCells, cellText, loadPlans } from "../harness/cli/plans.ts";
import type { BoundPlan } from "../harness/cli/plans.ts";
import { judgeControl, withoutBy } from "../harness/judge/control.ts";
import { runTrial } from "../harness/run/trial.ts";
import type { Trial } from "../harness/run/trial.ts";
import { lackOf } from "../harness/worlds/needs.ts";
import { loadPrograms } from "../harness/worlds/sim/programs.ts";
import { createSimSetting } from "../harness/worlds/sim/setting.ts";

const loaded = await loadPlans([import.meta.dirname]);
const programs = await loadPrograms(loaded.map(({ plan }) => plan));
const setting = createSimSetting({ programs });
const able = loaded.filter(({ plan }) => lackOf(plan, setting) === undefined).flatMap((each) => bindCells(each, {}));
const byDay = able.filter(({ plan }) => plan.tier === "commit").filter((_plan, n) => n % 4 === 0);
const bound = process.env["SINBIN_TESTS"] === "all" ? able : byDay;

function trial(
  { plan, cell, seed }: BoundPlan,
  without: ReadonlyMap<string, readonly string[]> = new Map(),
): Promise<Trial> {
  return runTrial({ plan, cell, seed, without, programs, signal: new AbortController().signal });
}

function titleOf({ plan, cell }: BoundPlan): string {
  return [plan.plan, ...Object.values(cell).map(cellText)].join(" ");
}

describe.each(bound.map((each) => ({ title: titleOf(each), each })))("$title", ({ each }) => {
  test("holds, and gives the same history twice", async () => {
    const one = await trial(each);
    expect(one.findings.filter(({ verdict }) => verdict !== "pass")).toEqual([]);
    expect(one.verdict).toBe("pass");
    const other = await trial(each);
    expect(linesOf(other)).toEqual(linesOf(one));
  });

  test.each(
    each.plan.controls.map((control) => ({
      title: `${control.service} without ${control.without.join(", ")}`,
      control,
    })),
  )("$title turns it red", async ({ control }) => {
    const result = judgeControl(control, await trial(each, withoutBy(control)));
    expect(result).toMatchObject({ result: "red" });
  });
});

test("plans that can't run here have a command, or are for the local world alone and say why", () => {
  const left = loaded.filter(({ plan }) => lackOf(plan, setting) !== undefined);
  const reasons = /command:|Real processes\s+only: in a simulation/;
  expect(left.filter(({ file }) => !reasons.test(readFileSync(file, "utf8")))).toEqual([]);
});

function linesOf({ events }: Trial): readonly string[] {
  return events.map((event) => JSON.stringify(event));
}
