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
  let now = (): number | undefined => clock.wall();
  if (guards.has("expiry-by-plc-time")) now = () => plcTime.told();
  const told = new Set<string>();
  return {
    isOver({ name, expiry }) {
      const isOver = expiry * 1000 <= (now() ?? -Infinity);
      const key = `${name} ${expiry}`;
      if (isOver && !told.has(key)) log("slice.expired", { name, expiry });
      if (isOver) told.add(key);
      return isOver;
    },
  };
}
