/** Which connections (of udp: flows) an injection acts on, and which way. */
import type { Direction } from "../faults/link-direction.ts";

export interface Selection {
  /** The address of the client's, or a network that it is in. */
  readonly client?: string;
  readonly direction?: Direction | "both";
  /** All that are there and all that come, unless narrowed. Ordinals count from 1 within the injection. */
  readonly scope?: "new" | "all";
  readonly probability?: number;
  readonly first?: number;
  readonly nth?: number;
  readonly everyNth?: number;
  /** A uniform number in [0, 1) for a decision of this injection; the same for the same name and n. */
  readonly draw: (decision: string, n: number) => number;
}

/** Whether it chooses at all, otherwise than by who asks and which way. */
export function isNarrowed({ first, nth, everyNth, probability }: Selection): boolean {
  return [first, nth, everyNth, probability].some((each) => each !== undefined);
}

/** Ordinals count from 1. */
export function chosen(selection: Selection, ordinal: number, draw = selection.draw): boolean {
  const { first, nth, everyNth, probability } = selection;
  if (first !== undefined && ordinal > first) return false;
  if (nth !== undefined && ordinal !== nth) return false;
  if (everyNth !== undefined && ordinal % everyNth !== 0) return false;
  return probability === undefined || draw("probability", ordinal) < probability;
}

export function directionsOf(direction: Direction | "both"): readonly Direction[] {
  return direction === "both" ? ["upstream", "downstream"] : [direction];
}
