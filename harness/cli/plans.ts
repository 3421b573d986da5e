/** From what stands on the command line to parsed plans. */
import { constants } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { randomInt } from "node:crypto";
import { join, normalize } from "node:path";
import { PlanError, UsageError } from "../errors.ts";
import type { Problem } from "../errors.ts";
import { warningsOfPace } from "../plan/pace.ts";
import { bindPlan, cells, parsePlan } from "../plan/parse.ts";
import { hint } from "../../faults/nearest.ts";
import type { Cell } from "../plan/cells.ts";
import type { Plan, Written } from "../plan/schema.ts";

export interface LoadedPlan {
  /** Normalized, so that what is written `./plan.yaml` is known again. */
  readonly file: string;
  /** Bound to its first cell. */
  readonly plan: Plan;
}

/** A plan with all that is drawn from its seed, and one cell of its matrix. */
export interface BoundPlan extends LoadedPlan {
  readonly seed: number;
  readonly cell: Readonly<Record<string, Written>>;
}

/** What `--cell` asks for. */
export interface CellValue {
  readonly name: string;
  readonly value: string;
}

/**
 * Every cell of a plan, or those that are asked for. A seed that the plan leaves to chance is drawn here, and is in the report.
 *
 * @throws {UsageError} if the plan has no such cell.
 */
export function bindCells(
  { file, plan }: LoadedPlan,
  { seed: givenSeed, cell: wanted = [] }: { readonly seed?: number; readonly cell?: readonly CellValue[] },
): readonly BoundPlan[] {
  const seed = givenSeed ?? (plan.seed === "random" ? randomInt(2 ** 32) : plan.seed);
  return chooseCells(file, cells(plan), wanted).map((cell) => ({
    file,
    plan: bindPlan(plan, { seed, cell, params: {} }),
    seed,
    cell,
  }));
}

/** What they ask of a machine that it may not keep: a line each, though all cells of a matrix may ask it. */
export function warningsIn(plans: readonly LoadedPlan[]): readonly string[] {
  const all = plans.flatMap(({ file, plan }) => warningsOfPace(plan).map((each) => `${file}: warning: ${each}`));
  return [...new Set(all)];
}

/** As `--cell` and titles have it. */
export function cellText(value: Written): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function chooseCells(file: string, all: readonly Cell[], wanted: readonly CellValue[]): readonly Cell[] {
  for (const { name, value } of wanted) {
    const wrong = (what: string): UsageError => new UsageError(`--cell ${name}=${value}: ${file} ${what}`);
    const names = [...new Set(all.flatMap((cell) => Object.keys(cell)))];
    if (names.length === 0) throw wrong("has no matrix");
    const values = [...new Set(all.flatMap((cell) => valuesOf(cell, name)))];
    if (values.length === 0) throw wrong(`has no ${name} in its matrix: ${hint(name, names)}`);
    if (!values.includes(value)) throw wrong(`has no such value of ${name}: ${hint(value, values)}`);
  }
  const chosen = all.filter((cell) => wanted.every(({ name, value }) => valuesOf(cell, name).includes(value)));
  if (chosen.length === 0) throw new UsageError(`${file}: no cell of the matrix has all the values that --cell names`);
  // A row of `include` can be a cell with fewer names than the others.
  const exact = chosen.filter((cell) => Object.keys(cell).length === wanted.length);
  return exact.length > 0 ? exact : chosen;
}

function valuesOf(cell: Cell, name: string): readonly string[] {
  const value = cell[name];
  return value === undefined ? [] : [cellText(value)];
}

/** @throws {PlanError} with the problems of all plans at once. @throws {UsageError} if there is nothing to run. */
export async function loadPlans(places: readonly string[]): Promise<readonly LoadedPlan[]> {
  const loaded: LoadedPlan[] = [];
  const problems: Problem[] = [];
  for (const file of await planFiles(places)) {
    try {
      loaded.push({ file, plan: await parsePlan(file, readRegular) });
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new PlanError(problems);
  return loaded;
}

/** Those that are named, and all that are below a folder, but for those in folders called lib. */
export async function planFiles(places: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const place of places) {
    const found = await stat(place).catch(() => undefined);
    if (found === undefined) throw new UsageError(`${place}: there is no such file or folder`);
    if (!found.isDirectory()) {
      files.push(normalize(place));
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

/** More than any plan may have: the parser says so. */
const mostBytes = 2 * 1024 * 1024;

/** Only the beginning of what has no end; nothing of a pipe, which may never say a word. */
async function readRegular(path: string): Promise<Uint8Array> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const kind = await file.stat();
  if (kind.isDirectory()) throw Object.assign(new Error("it is a folder"), { code: "EISDIR" });
  if (!kind.isFile()) throw new Error("it is not a regular file");
  const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(mostBytes, kind.size)));
  return buffer.subarray(0, bytesRead);
}
