import { z } from "zod";
import { processFault } from "./contract.ts";
import { recipient } from "./recipient.ts";

export const kill = processFault({
  plane: "process",
  kind: "process.kill",
  about:
    "kill -9: no handler runs and nothing is flushed. What the kernel already has (written, not synced) survives; what the process still held is gone. Whether it starts again is the service's `restart`.",
  source: "signal(7), SIGKILL; Muir 2004, 3.5",
  example: "{}",
  pulse: true,
  leaves: "down",
  parameters: z.strictObject({
    to: recipient("main"),
  }),
  async inject(target, { to }, { hit }) {
    if (await target.signal("KILL", to)) hit({ signal: "KILL" });
  },
});
