/** How far what slices have had of the CPU is from what their weights say. */
import type { Row } from "./rows.ts";

export interface Worst {
  readonly slice: string;
  /** Of its share by weight: 1 is exactly that, 0 is nothing, 2 is twice as much. */
  readonly of_its_share: number;
  /** 0 if everybody has exactly their share. */
  readonly off_by: number;
  /** Of one CPU, all of them together. */
  readonly cpu_percent: number;
}

/** Of those that have a weight; undefined as long as they have had nothing. */
export function worstShare(
  rows: readonly Pick<Row, "name" | "cpuPercent">[],
  weights: ReadonlyMap<string, number>,
): Worst | undefined {
  const weighed = rows.flatMap((row) => {
    const weight = weights.get(row.name);
    return weight === undefined ? [] : [{ ...row, weight }];
  });
  const all = weighed.reduce((sum, { cpuPercent }) => sum + cpuPercent, 0);
  const weight = weighed.reduce((sum, each) => sum + each.weight, 0);
  if (all === 0) return undefined;
  return weighed
    .map((row) => {
      const of = (row.cpuPercent * weight) / (all * row.weight);
      return { slice: row.name, of_its_share: of, off_by: Math.abs(of - 1), cpu_percent: all };
    })
    .reduce((worst, each) => (each.off_by > worst.off_by ? each : worst));
}
