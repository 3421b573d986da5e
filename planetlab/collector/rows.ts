/** What SliceStat answers: a line of 15 columns for each slice. */
import { z } from "zod";

const number = z.coerce.number().nonnegative();
const word = z.string().min(1);
/** Name, number, six of what it uses and of its processes, six rates, the node's address, active processes. */
const columns = z.tuple([
  ...([word, number, number, number, number, number, number] as const),
  ...([number, number, number, number, number, number] as const),
  ...([word, number] as const),
]);

export interface Row {
  readonly name: string;
  readonly cpuPercent: number;
  readonly processes: number;
}

/** Lines that are none are counted. */
export function readRows(text: string): { readonly rows: readonly Row[]; readonly malformed: number } {
  const lines = text.split("\n").filter(Boolean);
  const rows = lines.flatMap((line) => {
    const read = columns.safeParse(line.split(","));
    if (!read.success) return [];
    const [name, , cpuPercent, , , , processes] = read.data;
    return [{ name, cpuPercent, processes }];
  });
  return { rows, malformed: lines.length - rows.length };
}
