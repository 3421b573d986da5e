import { z } from "zod";
import { duration, share } from "../units.ts";
import { cpuFault } from "./contract.ts";

export const throttle = cpuFault({
  plane: "cpu",
  kind: "cpu.throttle",
  about:
    "The service gets a share of the CPU only, as under a quota of a control group: in each period it runs for that share, and stands still for the rest, whether it had work to do or not. In the docker world it is such a quota, of one CPU: who has less to do than its share is not stopped.",
  source: "cgroups(7), cpu.max; Muir 2004, 3.6",
  example: "{ share: 10% }",
  pulse: false,
  parameters: z.strictObject({
    share: share.meta({ description: "how much of the CPU is left", strengths: ["90%", "1%"] }),
    period: duration.prefault("100ms").meta({ description: "how long a stop and a run last together; 1ms at least" }),
  }),
  async inject(target, parameters, { sleep, hit, signal }) {
    if (parameters.share === 1) return;
    const period = Math.max(1, parameters.period);
    if (target.share !== undefined && isQuota(parameters.share, period))
      return target.share(parameters.share, period, () => hit({}));
    const lifted = Promise.withResolvers<void>();
    let over = false;
    let hasHit = false;

    const freeze = async (): Promise<AsyncDisposable | undefined> => {
      const frozen = await target.freeze();
      if (frozen !== undefined && !hasHit) hit({});
      hasHit ||= frozen !== undefined;
      return frozen;
    };
    const wait = async (milliseconds: number): Promise<void> => {
      try {
        await Promise.race([sleep(milliseconds), lifted.promise]);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      over ||= signal.aborted;
    };
    const run = async (first: AsyncDisposable | undefined): Promise<void> => {
      for (let frozen = first; ; frozen = await freeze()) {
        try {
          await wait(period * (1 - parameters.share));
        } finally {
          await frozen?.[Symbol.asyncDispose]();
        }
        if (!over) await wait(period * parameters.share);
        if (over) return;
      }
    };

    const running = run(await freeze());
    // Whoever lifts it hears of it.
    running.catch(() => {});
    return {
      async [Symbol.asyncDispose]() {
        over = true;
        lifted.resolve();
        await running;
      },
    };
  },
});

/** What the kernel takes as a quota: a millisecond or more of a second at most (cpu.cfs_quota_us). All else is done by stops. */
function isQuota(share: number, period: number): boolean {
  return period <= 1000 && share * period >= 1;
}
