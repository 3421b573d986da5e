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
  /** Of one CPU, since the node looked before. */
  readonly cpuPercent: number;
  readonly memoryPercent: number;
  readonly residentKB: number;
  readonly virtualKB: number;
  readonly processes: number;
  /** Over the last 1, 5 and 15 minutes. */
  readonly sentKbps: readonly number[];
  readonly receivedKbps: readonly number[];
  readonly active: number;
}

/** Lines that are none are counted. */
export function readRows(text: string): { readonly rows: readonly Row[]; readonly malformed: number } {
  const lines = text.split("\n").filter(Boolean);
  const rows = lines.flatMap((line) => {
    const read = columns.safeParse(line.split(","));
    if (!read.success) return [];
    const [name, , cpuPercent, memoryPercent, residentKB, virtualKB, processes, ...rest] = read.data;
    const [sent1, sent5, sent15, received1, received5, received15, , active] = rest;
    const sentKbps = [sent1, sent5, sent15];
    const receivedKbps = [received1, received5, received15];
    return [{ name, cpuPercent, memoryPercent, residentKB, virtualKB, processes, sentKbps, receivedKbps, active }];
  });
  return { rows, malformed: lines.length - rows.length };
}
