import { z } from "zod";
import { drawFrom, isDistribution, perItem } from "../distribution.ts";
import { duration, size } from "../units.ts";
import { tcpFault, type TcpContext, type TcpData } from "./contract.ts";
import { cutAt } from "./cut.ts";

export const slicer = tcpFault({
  plane: "tcp",
  kind: "tcp.slicer",
  about:
    "The stream arrives in small slices with pauses in between, so that a read returns a part of a message: what a reader that expects whole messages does not survive.",
  source: "RFC 9293, 3.8 (a stream has no record boundaries); Toxiproxy's slicer",
  example: "{ size: 16B..64B, delay: 5ms }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    size: perItem(size).meta({
      description: "bytes in a slice; a distribution is drawn for every slice",
      perItem: true,
      strengths: ["1KiB", "1B"],
    }),
    delay: duration.prefault("0ms").meta({ description: "pause between two slices", strengths: ["0ms", "50ms"] }),
  }),
  /** The slice that is being put out: its ordinal, where it ends, and when it is due. */
  start: () => ({ slice: -1, end: -1, due: 0 }),
  map(item, state, parameters, context) {
    if (item.type !== "data") return item;
    const slices: TcpData[] = [];
    let rest: TcpData = item;
    while (rest.bytes.length > 0) {
      if (rest.offset >= state.end) {
        state.due = state.slice < 0 ? item.due : Math.max(item.due, state.due + parameters.delay);
        state.slice += 1;
        state.end = rest.offset + sizeOf(parameters.size, state.slice, context);
      }
      state.due = Math.max(state.due, item.due);
      const [slice, after] = cutAt(rest, state.end);
      slices.push({ ...slice, due: state.due });
      rest = after;
    }
    return slices.length === 1 && slices[0]?.due === item.due ? item : slices;
  },
});

function sizeOf(size: z.output<typeof slicer.parameters>["size"], slice: number, { draw }: TcpContext): number {
  const uniform = (k: number): number => draw(`size.${k}`, slice);
  return Math.max(1, isDistribution(size) ? drawFrom(size, { n: slice, uniform, whole: true }) : size);
}
