import { z } from "zod";
import { share, size } from "../units.ts";
import { tcpFault, type TcpContext } from "./contract.ts";
import { endOf } from "./cut.ts";

const positive = size.refine((bytes) => bytes > 0, "write a size of 1B or more");

export const corrupt = tcpFault({
  plane: "tcp",
  kind: "tcp.corrupt",
  about:
    "Bytes arrive changed, as TCP's checksum lets through one time in 65536, or as a router with bad memory has them: a bit, a byte, or a range, in some blocks of the stream, or once at a given byte. No length changes.",
  source: "Stone and Partridge 2000, When the CRC and TCP checksum disagree; tc-netem(8), corrupt",
  example: "{ what: bit, probability: 5% }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    what: z
      .enum(["bit", "byte", "range"], "write bit, byte or range")
      .prefault("bit")
      .meta({ description: "bit: one is turned over; byte: one is another; range: length bytes are others" }),
    length: positive.prefault("16B").meta({
      description: "how long a range is; with probability, at most to the end of its block",
      strengths: ["2B", "1KiB"],
    }),
    at: size.optional().meta({
      description:
        "at which byte, once, counted from where the fault met the connection; without it, probability decides",
      strengths: ["64KiB", "0B"],
    }),
    probability: share
      .prefault("100%")
      .meta({ description: "how likely a block has its bit, byte or range", strengths: ["1%", "100%"] }),
    block: positive.prefault("512B").meta({
      description:
        "how many bytes of the stream are one block, in which the place is drawn: a stream that ends before it is unharmed, so that short ones need a small block, or at",
      strengths: ["64KiB", "64B"],
    }),
  }),
  start: () => ({ met: -1 }),
  map(item, state, parameters, context) {
    if (item.type !== "data") return item;
    if (state.met < 0) state.met = item.offset;
    const { what, at, block } = parameters;
    const length = what === "range" ? parameters.length : 1;
    const bytes = Uint8Array.from(item.bytes);
    let touched = false;
    const spoil = (from: number, end: number): void => {
      for (let offset = Math.max(from, item.offset); offset < Math.min(end, endOf(item)); offset += 1) {
        const index = offset - item.offset;
        bytes[index] = (bytes[index] ?? 0) ^ difference(what, offset, context);
        touched = true;
      }
    };
    if (at !== undefined) {
      spoil(state.met + at, state.met + at + length);
    } else {
      for (let n = Math.floor(item.offset / block); n * block < endOf(item); n += 1) {
        if (context.draw("block", n) >= parameters.probability) continue;
        const room = Math.max(1, block - length + 1);
        const from = n * block + Math.floor(context.draw("place", n) * room);
        spoil(from, Math.min(from + length, (n + 1) * block));
      }
    }
    return touched ? { ...item, bytes } : item;
  },
});

/** By which XOR changes the byte at an offset: never 0. */
function difference(what: "bit" | "byte" | "range", offset: number, { draw }: TcpContext): number {
  return what === "bit" ? 1 << Math.floor(draw("bit", offset) * 8) : 1 + Math.floor(draw("byte", offset) * 255);
}
