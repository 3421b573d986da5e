/**
 * The cells of a matrix: every combination of its values, without those that `exclude` names. A row of `include` adds its values to the cells
 * that agree with it; one that agrees with none is a cell of its own.
 */
import type { Matrix, Written } from "./schema.ts";

export type Cell = Readonly<Record<string, Written>>;

export const maximumCells = 1000;

export function cellsOf({ values, include, exclude }: Matrix): readonly Cell[] {
  const names = Object.keys(values);
  const size = names.reduce((product, name) => product * (values[name]?.length ?? 1), 1);
  if (size > maximumCells) return [];
  let combined: readonly Cell[] = [{}];
  for (const name of names) {
    combined = combined.flatMap((cell) => (values[name] ?? []).map((value) => ({ ...cell, [name]: value })));
  }
  const kept = combined.filter((cell) => !exclude.some((row) => agrees(cell, row, Object.keys(row))));
  const extra = include.filter(
    (row) => names.length === 0 || !kept.some((cell) => agrees(cell, row, shared(row, names))),
  );
  const extended = kept.map((cell) =>
    include
      .filter((row) => !extra.includes(row) && agrees(cell, row, shared(row, names)))
      .reduce((whole, row) => ({ ...whole, ...row }), cell),
  );
  const all = names.length === 0 && extra.length > 0 ? extra : [...extended, ...extra];
  return all.length === 0 ? [{}] : all;
}

const shared = (row: Cell, names: readonly string[]): readonly string[] => names.filter((name) => name in row);

function agrees(cell: Cell, row: Cell, keys: readonly string[]): boolean {
  return keys.every((key) => JSON.stringify(cell[key]) === JSON.stringify(row[key]));
}
