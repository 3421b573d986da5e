/**
 * What runs before PLC has answered: the slivers that are on the disk, but for those whose time is over as far as anybody here can know.
 *
 * A sliver of which the state says nothing runs: its slice may have been lost with the state, and nothing is better known than that it was there.
 */
import type { Config } from "./config.ts";
import type { State } from "./state.ts";

export function cachedSlivers(
  names: readonly string[],
  { slices, clock }: Pick<State, "slices" | "clock">,
  { elapsedMs, guards }: { readonly elapsedMs: number; readonly guards: Config["guards"] },
): readonly string[] {
  // Never later than it really is there: what is not started for it is over.
  const plcMs = clock?.plc_ms == null ? -Infinity : clock.plc_ms + elapsedMs;
  const over = new Set(slices.filter(({ expiry }) => expiry * 1000 <= plcMs).map(({ name }) => name));
  const known = guards.has("start-cached-slivers") ? names : [];
  return guards.has("expired-stay-down") ? known.filter((name) => !over.has(name)) : known;
}
