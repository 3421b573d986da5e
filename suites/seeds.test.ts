/**
 * The same verdicts on ten seeds (I46): what a plan shows is not the luck of the draws that it was written with; and the same history twice. Every night all
 * of it; by day each tenth plan of those that are quick, under one of the seeds: `.ci/run` runs all plans with all controls, under their own.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bindCells, cellText, loadPlans } from "../harness/cli/plans.ts";
import { runTrial } from "../harness/run/trial.ts";
import type { Trial } from "../harness/run/trial.ts";
import { lackOf } from "../harness/worlds/needs.ts";
import { loadPrograms } from "../harness/worlds/sim/programs.ts";
import { createSimSetting } from "../harness/worlds/sim/setting.ts";
import { byNight } from "../host/night.testing.ts";

const seeds = Array.from({ length: 10 }, (_, n) => 2004 + n);

const loaded = await loadPlans([import.meta.dirname]);
const programs = await loadPrograms(loaded.map(({ plan }) => plan));
const setting = createSimSetting({ programs });
const all = loaded.filter(({ plan }) => lackOf(plan, setting) === undefined).flatMap((each) => bindCells(each, {}));
const chosen = all.flatMap((bound, n) => {
  const title = [bound.plan.plan, ...Object.values(bound.cell).map(cellText)].join(" ");
  const isDue = bound.plan.tier.sim === "commit" && n % 10 === 0;
  const under = byNight ? seeds : isDue ? seeds.slice((n / 10) % seeds.length).slice(0, 1) : [];
  return under.map((seed, nth) => ({ title, bound, seed, isFirst: nth === 0 }));
});

test.each(chosen)("$title holds under $seed", async ({ bound: { plan, cell }, seed, isFirst }) => {
  const trial = { plan, cell, seed, without: new Map(), programs, signal: new AbortController().signal };
  const one = await runTrial(trial);
  expect(one.findings.filter(({ verdict }) => verdict !== "pass")).toEqual([]);
  expect(one.verdict).toBe("pass");
  const again = isFirst ? await runTrial(trial) : one;
  expect(linesOf(again)).toEqual(linesOf(one));
});

test("plans that can't run here have a command, or are for the local world alone and say why", () => {
  const left = loaded.filter(({ plan }) => lackOf(plan, setting) !== undefined);
  const reasons = /command:|Real processes\s+only: in a simulation/;
  expect(left.filter(({ file }) => !reasons.test(readFileSync(file, "utf8")))).toEqual([]);
});

function linesOf({ events }: Trial): readonly string[] {
  return events.map((event) => JSON.stringify(event));
}
