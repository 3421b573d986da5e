import { z } from "zod";
import { duration } from "../units.ts";
import { processFault } from "./contract.ts";

export const restart = processFault({
  plane: "process",
  kind: "process.restart",
  about:
    "An orderly restart: the service is asked to end (TERM, and KILL after its stop deadline), stays down for a while, and is started again, whatever happens meanwhile. A service that does not run is left alone, which is no hit.",
  source: "Muir 2004, 3.4 and 3.5",
  example: "{ down: 5s }",
  pulse: true,
  leaves: "down",
  parameters: z.strictObject({
    down: duration.prefault("0ms").meta({ description: "how long it stays down", strengths: ["0ms", "1m"] }),
  }),
  async inject(target, { down }, context) {
    if (!(await target.stop())) return;
    context.hit({ down });
    try {
      if (down > 0) await context.sleep(down);
    } catch (error) {
      // The end of the occurrence only shortens the time that the service is down.
      if (!context.signal.aborted) throw error;
    }
    await target.start();
  },
});
