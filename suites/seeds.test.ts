/**
 * The same verdicts on ten seeds (I46): what a plan shows is not the luck of the draws that it was written with. Every night all of it; by day each
 * fifth plan of those that are quick, and under one of the seeds.
 */
import { expect, test } from "vitest";
import { bindCells, cellText, loadPlans } from "../harness/cli/plans.ts";
import { runTrial } from "../harness/run/trial.ts";
import { lackOf } from "../harness/worlds/needs.ts";
import { loadPrograms } from "../harness/worlds/sim/programs.ts";
import { createSimSetting } from "../harness/worlds/sim/setting.ts";

const seeds = Array.from({ length: 10 }, (_, n) => 2004 + n);
const byNight = process.env["SINBIN_TESTS"] === "all";

const loaded = await loadPlans([import.meta.dirname]);
const programs = await loadPrograms(loaded.map(({ plan }) => plan));
const setting = createSimSetting({ programs });
const all = loaded.filter(({ plan }) => lackOf(plan, setting) === undefined).flatMap((each) => bindCells(each, {}));
const chosen = all.flatMap((bound, n) => {
  const title = [bound.plan.plan, ...Object.values(bound.cell).map(cellText)].join(" ");
  const isDue = bound.plan.tier === "commit" && n % 5 === 0;
  const under = byNight ? seeds : isDue ? seeds.slice((n / 5) % seeds.length).slice(0, 1) : [];
  return under.map((seed) => ({ title, bound, seed }));
});

test.each(chosen)("$title holds under $seed", async ({ bound: { plan, cell }, seed }) => {
  const trial = { plan, cell, seed, without: new Map(), programs, signal: new AbortController().signal };
  const { findings } = await runTrial(trial);
  expect(findings.filter(({ verdict }) => verdict !== "pass")).toEqual([]);
});
