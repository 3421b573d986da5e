import { z } from "zod";
import { count, duration } from "../units.ts";
import { processFault, signals } from "./contract.ts";
import { recipient } from "./recipient.ts";

export const signal = processFault({
  plane: "process",
  kind: "process.signal",
  about:
    "A signal, or a storm of them. Signals that arrive before the last one was handled are one signal, so a storm needs a gap: 200 at once are handled once.",
  source: "signal(7); Muir 2004, 3.5",
  example: "{ signal: HUP, count: 200, gap: 2ms }",
  pulse: true,
  leaves: "anything",
  parameters: z.strictObject({
    signal: z
      .enum(signals, { error: `write a signal: one of ${signals.join(", ")}` })
      .meta({ description: "the signal, without SIG", examples: ["HUP", "CHLD", "PIPE"] }),
    count: count(1, 100_000)
      .prefault(1)
      .meta({ description: "how many", strengths: [1, 200] }),
    gap: duration.prefault("0ms").meta({ description: "pause between two signals", strengths: ["1s", "1ms"] }),
    to: recipient("main"),
  }),
  async inject(target, parameters, context) {
    for (let n = 1; n <= parameters.count && !context.signal.aborted; n += 1) {
      if (await target.signal(parameters.signal, parameters.to)) context.hit({ signal: parameters.signal, n });
      if (n < parameters.count && parameters.gap > 0 && !(await slept(context.sleep(parameters.gap), context.signal)))
        return;
    }
  },
});

/** False if the occurrence ended meanwhile: a storm that its phase cuts short is over, not broken. */
async function slept(sleep: Promise<void>, ended: AbortSignal): Promise<boolean> {
  try {
    await sleep;
    return true;
  } catch (error) {
    if (ended.aborted) return false;
    throw error;
  }
}
