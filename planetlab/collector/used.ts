/** What all slices of a node use together, as its SliceStat says: the sums of its columns. */
import type { Row } from "./rows.ts";

export interface Used {
  readonly memory_percent: number;
  readonly resident_kb: number;
  readonly virtual_kb: number;
  readonly processes: number;
  readonly active: number;
  /** Over the last 1, 5 and 15 minutes. */
  readonly sent_kbps_1: number;
  readonly sent_kbps_5: number;
  readonly sent_kbps_15: number;
  readonly received_kbps_1: number;
  readonly received_kbps_5: number;
  readonly received_kbps_15: number;
}

export function sumUp(rows: readonly Row[]): Used {
  const sum = (of: (row: Row) => number | undefined): number => rows.reduce((all, row) => all + (of(row) ?? 0), 0);
  return {
    memory_percent: sum((row) => row.memoryPercent),
    resident_kb: sum((row) => row.residentKB),
    virtual_kb: sum((row) => row.virtualKB),
    processes: sum((row) => row.processes),
    active: sum((row) => row.active),
    sent_kbps_1: sum((row) => row.sentKbps[0]),
    sent_kbps_5: sum((row) => row.sentKbps[1]),
    sent_kbps_15: sum((row) => row.sentKbps[2]),
    received_kbps_1: sum((row) => row.receivedKbps[0]),
    received_kbps_5: sum((row) => row.receivedKbps[1]),
    received_kbps_15: sum((row) => row.receivedKbps[2]),
  };
}
