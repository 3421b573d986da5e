import { z } from "zod";
import { size } from "../units.ts";
import { tcpFault } from "./contract.ts";
import { cutAt, endOf } from "./cut.ts";

export const truncate = tcpFault({
  plane: "tcp",
  kind: "tcp.truncate",
  about:
    "The stream ends too early, and politely: FIN in place of the rest, which is swallowed. A document whose end nobody checks looks complete.",
  source: "RFC 9112, 8 (incomplete messages); Muir 2004, 3.1",
  example: "{ after: 1KiB }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    after: size.meta({
      description: "how many bytes pass before the end, counted from where the fault met the connection",
      strengths: ["256KiB", "1B"],
    }),
  }),
  start: () => ({ met: -1, over: false }),
  map(item, state, { after }) {
    if (item.type === "fin") return state.over ? [] : item;
    if (item.type !== "data") return item;
    if (state.over) return [];
    if (state.met < 0) state.met = item.offset;
    const end = state.met + after;
    if (endOf(item) < end) return item;
    state.over = true;
    const [before] = cutAt(item, end);
    const fin = { type: "fin", due: item.due } as const;
    return before.bytes.length === 0 ? fin : [before, fin];
  },
});
