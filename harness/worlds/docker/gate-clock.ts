/**
 * The gate's clock as the harness's: what the gate tells has the gate's times. Of several questions for the time, the one that was answered the quickest
 * says best how far they are apart (as in NTP, RFC 5905, section 10).
 */
import type { Clock } from "../../../host/host.ts";

export interface GateClock {
  /** A time of the gate's on the harness's clock. */
  toHarness(at: number): number;
  /** Compares them again: two machines' clocks drift. */
  compare(): Promise<void>;
}

const questions = 5;

/** `ask`: what the gate's monotonic clock says. */
export async function createGateClock(clock: Clock, ask: () => Promise<number>): Promise<GateClock> {
  let offset = 0;
  const gateClock: GateClock = {
    toHarness: (at) => at - offset,
    async compare() {
      let shortest = Infinity;
      for (let n = 0; n < questions; n++) {
        const asked = clock.monotonic();
        const told = await ask();
        const took = clock.monotonic() - asked;
        if (took >= shortest) continue;
        shortest = took;
        offset = told - (asked + took / 2);
      }
    },
  };
  await gateClock.compare();
  return gateClock;
}
