import { z } from "zod";
import { duration, share, size } from "../units.ts";
import { tcpFault, type TcpData } from "./contract.ts";
import { piecesOf } from "./cut.ts";

/** As a retransmission timer has it, which is doubled each time and then no more: 2 to the power of 6. */
const mostDoublings = 6;

export const loss = tcpFault({
  plane: "tcp",
  kind: "tcp.loss",
  soughtAs: ["packet-loss"],
  about:
    "Segments are lost, as a reader of TCP sees it: never a byte is missing, but a lost segment comes only when it was sent again, and all that is behind it waits as well. Each loss right after another waits twice as long, so that a burst is a stall.",
  source: "RFC 6298, 5 (the retransmission timer); tc-netem(8), loss",
  example: "{ probability: 5%, correlation: 25% }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    probability: share.meta({ description: "how likely a segment is lost", strengths: ["0.1%", "60%"] }),
    correlation: share.prefault("0%").meta({
      description: "how much of a segment's fate is that of the one before it: the more, the longer the bursts",
      strengths: ["0%", "90%"],
    }),
    delay: duration.prefault("200ms").meta({
      description: "how long it takes until a lost segment is sent again, the first time",
      strengths: ["10ms", "3s"],
    }),
    segment: size
      .refine((bytes) => bytes > 0, "write a size of 1B or more")
      .prefault("1460B")
      .meta({ description: "how many bytes of the stream are one segment" }),
  }),
  pace: ({ delay }) => ({ flight: delay }),
  /** The segment that was decided last, how many in a row were lost by then, and until when what is behind waits. */
  start: () => ({ segment: -1, lost: 0, until: 0 }),
  map(item, state, { probability, correlation, delay, segment }, { draw }) {
    if (item.type !== "data") return item;
    const pieces = piecesOf(item, segment).map((piece): TcpData => {
      const n = Math.floor(piece.offset / segment);
      if (n !== state.segment) {
        const likely = probability * (1 - correlation) + (state.lost > 0 ? correlation : 0);
        const lost = draw("lost", n) < likely;
        state.segment = n;
        if (lost) state.until = Math.max(state.until, piece.due) + delay * 2 ** Math.min(state.lost, mostDoublings);
        state.lost = lost ? state.lost + 1 : 0;
      }
      return state.until > piece.due ? { ...piece, due: state.until } : piece;
    });
    return pieces.every(({ due }) => due === item.due) ? item : pieces;
  },
});
