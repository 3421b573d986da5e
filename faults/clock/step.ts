import { byOrTo, exactlyOneOf } from "../by-or-to.ts";
import { clockFault } from "./contract.ts";

export const step = clockFault({
  plane: "clock",
  kind: "clock.step",
  about:
    "The wall clock jumps, as when NTP steps it or somebody sets it: by so much, or to so much off the true time (`to: 0s` corrects what other faults have made of it). The monotonic clock does not, and nobody who sleeps for a while is woken.",
  source:
    "RFC 5905, 11.2.3; clock_settime(2); Muir 2004, 3.3; MichaelXavier/cron#30 (a job ran twice), nfs-ganesha#927 (leases on the wall clock)",
  example: "{ by: -40s }",
  pulse: true,
  leaves: "anything",
  needs: "clock",
  exactlyOneOf,
  parameters: byOrTo,
  async inject(target, { by = 0, to }, { hit }) {
    const wall = to === undefined ? by : to - (await target.error());
    await target.step({ wall }, () => hit({ milliseconds: Math.round(wall) }));
  },
});
