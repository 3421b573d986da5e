/** The limits plane: how much of what a system hands out a service may have. */
import type { z } from "zod";
import type { ServiceFault } from "../service.ts";

/** Descriptors of its main process; processes, that one included. */
export type Limited = "open-files" | "processes";

export interface LimitsTarget {
  /**
   * What it has already it keeps; whoever runs meanwhile is limited. Of limits that overlap, the latest counts. Undefined if there is nothing to
   * limit.
   */
  limit(what: Limited, to: number, onRefused: () => void): Promise<AsyncDisposable | undefined>;
  /**
   * So many bytes of memory for all of its processes, only in worlds that keep to that: who needs more is killed, as is whoever has more, where the kernel can take it
   * away. Of limits that overlap, the latest counts. Undefined if there is nothing to limit.
   */
  memory?(to: number, onKilled: () => void): Promise<AsyncDisposable | undefined>;
}

export type LimitsFault<Parameters extends z.ZodObject = z.ZodObject> = ServiceFault<
  "limits",
  LimitsTarget,
  Parameters
>;

/** Checks one fault's file against the contract, its parameters' types included. */
export function limitsFault<Parameters extends z.ZodObject>(fault: LimitsFault<Parameters>): LimitsFault<Parameters> {
  return fault;
}
