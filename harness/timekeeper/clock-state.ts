/**
 * The clock state machine of RFC 5905 (section 11.3 and appendix A.5.5.6), as ntpd 4.2.8 runs it: an offset beyond the step threshold is a spike, unless it
 * lasts.
 *
 *     NSET ──first offset──► FREQ ──stepout──┐
 *     FSET ──first offset────────────────────┴─► SYNC ──beyond the step threshold──► SPIK ──still so after the stepout──► step, SYNC
 *                                                  ▲                                   │
 *                                                  └──────── within it again ──────────┘
 *
 * The stepout counts from the last offset that was acted upon, and not from the first spike: where that is long ago, the second one steps the clock. A
 * single one never does.
 */

export type ClockState =
  /** Nothing is known, neither the time nor the frequency of the clock. */
  | "NSET"
  /** The frequency is, from a file of an earlier life. */
  | "FSET"
  /** The frequency is being measured. */
  | "FREQ"
  | "SYNC"
  | "SPIK";

/** `spike` and `wait`: nothing happens. `measure`: what the offset has become meanwhile is the error of the frequency. */
export type Verdict = "adjust" | "step" | "measure" | "measure-and-step" | "spike" | "wait";

/** `sinceMs`: how long ago an offset was acted upon. */
export function nextState(
  state: ClockState,
  isBeyond: boolean,
  { sinceMs, stepoutMs }: { readonly sinceMs: number; readonly stepoutMs: number },
): { readonly state: ClockState; readonly verdict: Verdict } {
  const isTooSoon = sinceMs < stepoutMs;
  switch (state) {
    case "NSET":
      return { state: "FREQ", verdict: isBeyond ? "step" : "adjust" };
    case "FSET":
      return { state: "SYNC", verdict: isBeyond ? "step" : "adjust" };
    case "FREQ":
      if (isTooSoon) return { state: "FREQ", verdict: "wait" };
      return { state: "SYNC", verdict: isBeyond ? "measure-and-step" : "measure" };
    case "SYNC":
      return isBeyond ? { state: "SPIK", verdict: "spike" } : { state: "SYNC", verdict: "adjust" };
    case "SPIK":
      if (!isBeyond) return { state: "SYNC", verdict: "adjust" };
      return isTooSoon ? { state: "SPIK", verdict: "wait" } : { state: "SYNC", verdict: "step" };
  }
}
