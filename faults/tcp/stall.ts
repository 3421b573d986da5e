import { z } from "zod";
import { tcpFault } from "./contract.ts";
import { cutAt, endOf } from "./cut.ts";
import { when } from "./ending.ts";

export const stall = tcpFault({
  plane: "tcp",
  kind: "tcp.stall",
  about:
    "The stream stops in the middle, behind a byte or after a time, and the connection stays: not a byte more, not its end, not a reset. Lifting it lets everything through, without loss.",
  source: "RFC 1122, 4.2.3.5 (what a sender sees of it); Muir 2004, 3.1",
  example: "{ after_bytes: 4KiB }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject(when),
  pace: () => ({ rate: 0 }),
  /** How many bytes have passed since the fault met the connection, and where it did. */
  start: () => ({ met: -1, passed: 0 }),
  map(item, state, { after, after_bytes: afterBytes = Infinity }, { since }) {
    if (item.type === "tick") return item;
    const from = since + (after ?? (afterBytes === Infinity ? 0 : Infinity));
    // An `open` may be held by another fault; it always stands for the moment `since`.
    const now = item.type === "open" ? since : item.due;
    if (now >= from) return { ...item, due: Infinity };
    if (item.type === "open") return item;
    if (item.type !== "data") return state.passed >= afterBytes ? { ...item, due: Infinity } : item;
    if (state.met < 0) state.met = item.offset;
    const end = state.met + afterBytes;
    state.passed = Math.max(state.passed, Math.min(endOf(item), end) - state.met);
    if (endOf(item) <= end) return item;
    const [before, rest] = cutAt(item, end);
    const held = { ...rest, due: Infinity };
    return before.bytes.length === 0 ? held : [before, held];
  },
});
