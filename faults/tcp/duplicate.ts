import { z } from "zod";
import { size } from "../units.ts";
import { tcpFault } from "./contract.ts";
import { cutAt, endOf } from "./cut.ts";

const longest = 64 * 1024;

export const duplicate = tcpFault({
  plane: "tcp",
  kind: "tcp.duplicate",
  about:
    "A range of the stream comes twice, once right behind the other, as from a broken middlebox or a sender that repeats after a partial write. All that is behind it comes, too, only further back.",
  source: "Toxiproxy has none; write(2), partial writes",
  example: "{ at: 1KiB, length: 100B }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    at: size.prefault("0B").meta({
      description: "where the range begins, counted from where the fault met the connection",
      strengths: ["64KiB", "0B"],
    }),
    length: size
      .refine((bytes) => bytes > 0 && bytes <= longest, "write a size from 1B to 64KiB")
      .prefault("1KiB")
      .meta({ description: "how many bytes come twice", strengths: ["1B", "4KiB"] }),
  }),
  /** Copies of the state share `kept`: the same byte is always written to the same place. `next`: which byte has to come next. */
  start: ({ length }) => ({ met: -1, next: -1, kept: new Uint8Array(length) }),
  map(item, state, { at, length }) {
    if (item.type !== "data" || item.again === true) return item;
    if (state.met < 0) state.met = state.next = item.offset;
    // What an earlier fault has swallowed can't be repeated.
    if (item.offset !== state.next) return item;
    state.next = endOf(item);
    const from = state.met + at;
    const [before, rest] = cutAt(item, from + length);
    const part = cutAt(before, from)[1];
    if (part.bytes.length === 0) return item;
    state.kept.set(part.bytes, part.offset - from);
    if (endOf(before) < from + length) return item;
    const copy = { ...item, offset: from, bytes: Uint8Array.from(state.kept), again: true } as const;
    return rest.bytes.length === 0 ? [before, copy] : [before, copy, rest];
  },
});
