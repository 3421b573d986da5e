/**
 * Slices whose time is over. What is destroyed can't be brought back, and so no clock of this node's is believed in that: PLC's must have come so far.
 */
import type { Clock, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import type { PlcTime } from "./plc-time.ts";
import type { Slice } from "./slice.ts";

export interface Expiry {
  /** The slice is over, and is so told in the log. */
  isOver(slice: Slice): boolean;
}

export function createExpiry(
  clock: Clock,
  { guards }: Pick<Config, "guards">,
  { log, plcTime }: { readonly log: Log; readonly plcTime: Pick<PlcTime, "told"> },
): Expiry {
  const told = new Set<string>();
  return {
    isOver({ name, expiry }) {
      const endMs = expiry * 1000;
      const plcMs = plcTime.told() ?? -Infinity;
      if (endMs > Math.max(clock.wall(), plcMs)) return false;
      if (guards.has("expiry-by-plc-time") && endMs > plcMs) return false;
      const key = `${name} ${expiry}`;
      if (!told.has(key)) log("slice.expired", { name, expiry });
      told.add(key);
      return true;
    },
  };
}
