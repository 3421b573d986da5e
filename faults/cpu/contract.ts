/** The cpu plane: how much of the machine's CPU a service gets. All its processes are meant, those of its children and grandchildren included. */
import type { z } from "zod";
import type { ServiceFault } from "../service.ts";

export interface CpuTarget {
  /** Everything of the service stands still, and so does what it starts meanwhile. Of freezes that overlap, the last to be lifted lets it go on. Undefined if nothing runs. */
  freeze(): Promise<AsyncDisposable | undefined>;
  /**
   * It gets a share of one CPU in each period, by a quota of the kernel's, only in worlds that have such; what comes of it meanwhile is included, and so are lives
   * that begin meanwhile. `onRunning` is called once it runs so. Of shares that overlap, the latest counts.
   */
  share?(share: number, periodMs: number, onRunning: () => void): Promise<AsyncDisposable>;
  /** So many processes more want the CPU that the service runs on. Undefined if they could not be started. */
  load(processes: number): Promise<AsyncDisposable | undefined>;
}

export type CpuFault<Parameters extends z.ZodObject = z.ZodObject> = ServiceFault<"cpu", CpuTarget, Parameters>;

/** Checks one fault's file against the contract, its parameters' types included. */
export function cpuFault<Parameters extends z.ZodObject>(fault: CpuFault<Parameters>): CpuFault<Parameters> {
  return fault;
}
