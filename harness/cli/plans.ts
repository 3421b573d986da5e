/** From what stands on the command line to parsed plans. */
import { readdir, readFile, stat } from "node:fs/promises";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { PlanError, UsageError } from "../errors.ts";
import type { Problem } from "../errors.ts";
import { bindPlan, cells, parsePlan } from "../plan/parse.ts";
import type { Plan, Written } from "../plan/schema.ts";

export interface LoadedPlan {
  readonly file: string;
  /** Bound to its first cell. */
  readonly plan: Plan;
}

/** A plan with all that is drawn from its seed, and one cell of its matrix. */
export interface BoundPlan extends LoadedPlan {
  readonly seed: number;
  readonly cell: Readonly<Record<string, Written>>;
}

/** Every cell of a plan. A seed that the plan leaves to chance is drawn here, and is in the report. */
export function bindCells({ file, plan }: LoadedPlan, givenSeed: number | undefined): readonly BoundPlan[] {
  const seed = givenSeed ?? (plan.seed === "random" ? randomInt(2 ** 32) : plan.seed);
  return cells(plan).map((cell) => ({ file, plan: bindPlan(plan, { seed, cell, params: {} }), seed, cell }));
}

/** @throws {PlanError} with the problems of all plans at once. @throws {UsageError} if there is nothing to run. */
export async function loadPlans(places: readonly string[]): Promise<readonly LoadedPlan[]> {
  const loaded: LoadedPlan[] = [];
  const problems: Problem[] = [];
  for (const file of await planFiles(places)) {
    try {
      loaded.push({ file, plan: await parsePlan(file, (path) => readFile(path)) });
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new PlanError(problems);
  return loaded;
}

async function planFiles(places: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const place of places) {
    const found = await stat(place).catch(() => undefined);
    if (found === undefined) throw new UsageError(`${place}: there is no such file or folder`);
    if (!found.isDirectory()) {
      files.push(place);
      continue;
    }
    const below = (await readdir(place, { recursive: true }))
      .filter((name) => /\.ya?ml$/.test(name) && !name.split("/").slice(0, -1).includes("lib"))
      .sort()
      .map((name) => join(place, name));
    if (below.length === 0) throw new UsageError(`${place}: there is no plan in this folder (a plan ends in .yaml)`);
    files.push(...below);
  }
  return [...new Set(files)];
}
