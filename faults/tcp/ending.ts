/** The end of a whole connection at once, after a time, or exactly behind a byte: with RST or politely. */
import { duration, size } from "../units.ts";
import type { TcpContext, TcpItem } from "./contract.ts";
import { cutAt, endOf } from "./cut.ts";

/** Parameters of faults that say when. */
export const when = {
  after: duration.optional().meta({
    description:
      "how long after the fault met the connection (default: at once, unless after_bytes is given; with both, whichever comes first)",
    strengths: ["10s", "1ms"],
  }),
  after_bytes: size.optional().meta({
    description: "behind which byte of the direction, counted from where the fault met the connection",
    strengths: ["256KiB", "1B"],
  }),
};

export interface Ending {
  /** The first byte that the fault has seen, or -1. */
  met: number;
}

export interface EndingWhen {
  readonly after: number | undefined;
  readonly afterBytes: number | undefined;
}

export function ended(
  type: "rst" | "close",
  item: TcpItem,
  state: Ending,
  { after, afterBytes }: EndingWhen,
  { since }: TcpContext,
): TcpItem | readonly TcpItem[] {
  if (item.type === "open" || item.type === "tick") {
    if (after === undefined && afterBytes !== undefined) return item;
    const due = since + (after ?? 0);
    // An `open` may be held by another fault; it always stands for the moment `since`.
    const now = item.type === "open" ? since : item.due;
    return now >= due ? { type, due: now } : [item, { type: "tick", due }];
  }
  if (item.type !== "data" || afterBytes === undefined) return item;
  if (state.met < 0) state.met = item.offset;
  const end = state.met + afterBytes;
  if (endOf(item) < end) return item;
  const [before] = cutAt(item, end);
  const last = { type, due: item.due } as const;
  return before.bytes.length === 0 ? last : [before, last];
}
