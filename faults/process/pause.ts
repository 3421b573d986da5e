import { z } from "zod";
import { processFault } from "./contract.ts";
import { recipient } from "./recipient.ts";

export const pause = processFault({
  plane: "process",
  kind: "process.pause",
  about:
    "The process stands still (STOP) and goes on when the fault is lifted (CONT; of faults that overlap, the last), as on a node that is swapping: its sockets stay open, its peers wait, and its timers are all late at once.",
  source: "signal(7), SIGSTOP; Muir 2004, 3.6",
  example: "{}",
  pulse: false,
  parameters: z.strictObject({
    to: recipient("group"),
  }),
  async inject(target, { to }, { hit }) {
    const lift = await target.pause(to);
    if (lift !== undefined) hit({ signal: "STOP" });
    return lift;
  },
});
