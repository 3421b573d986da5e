/**
 * On a loaded node an answer comes late, and what it grants would be half over before its client hears of it: so that lasts longer (paper 3.6).
 */
import type { Guards } from "./guards.ts";

/** By how much longer something lasts that took so long to grant, but never by more than `mostMs`. */
export type Leniency = (latencyMs: number, mostMs: number) => number;

/** A call that takes less than this is as quick as any. */
const slowMs = 1000;
/** The time that it took counts from the answer, and twice more for what the client has to do on the same node. */
const factor = 3;

export function createLeniency(guards: Guards): Leniency {
  const factorInUse = guards.has("lenient-windows") ? factor : 0;
  return (latencyMs, mostMs) => (latencyMs < slowMs ? 0 : Math.round(Math.min(factorInUse * latencyMs, mostMs)));
}
