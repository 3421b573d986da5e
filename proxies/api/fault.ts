/** A fault of ours on proxies of the API: what was asked for, and what it has done. */
import { faultOf } from "../../faults/key.ts";
import type { FaultOfLink } from "../../faults/registry.ts";
import type { ChainInjection } from "../chain/part.ts";

export interface FaultRequest {
  /** By default its kind. */
  readonly name: string;
  readonly fault: FaultOfLink;
  /** Validated by the fault's schema. */
  readonly parameters: object;
  /** As they were written, for whoever looks. */
  readonly written: unknown;
  /** Proxies by name; `all` are those that are there and that it can act on. */
  readonly where: "all" | readonly string[];
  readonly selection: Omit<ChainInjection, "fault" | "parameters" | "draw" | "onHit">;
  /** In milliseconds; without it, until it is lifted. */
  readonly for: number | undefined;
}

/** What takes a moment until it is in force, and may fail. */
export function takesAMoment(fault: FaultOfLink): boolean {
  if (fault.plane === "dns") return fault.doors !== undefined || fault.otherAddress !== undefined;
  return "door" in fault && fault.door !== undefined;
}

export interface HeldFault extends Omit<FaultRequest, "where"> {
  /** In the order in which they were named. Shrinks when one of them is removed. */
  readonly where: Set<string>;
  /** How many connections it has changed (or kept out). */
  hits: number;
  /** Ends it by itself; its time is that of the host's monotonic clock. */
  expiry: { readonly at: number; readonly timer: Disposable } | undefined;
}

/** One that is called by its kind is found by its key, too: `tcp.slow_close` is `tcp.slow-close`. */
export function faultCalled(name: string, faults: readonly HeldFault[]): HeldFault | undefined {
  const kind = faultOf(name)?.kind;
  return faults.find((fault) => fault.name === name) ?? faults.find((fault) => fault.name === kind);
}
