/** What all faults of the plane are told: how many packets, and which way they go. */
import { share } from "../units.ts";
import { direction } from "../direction.ts";

export const chosen = (mildest: string, severest: string) => ({
  probability: share.meta({ description: "of each packet, decided by the kernel", strengths: [mildest, severest] }),
  direction,
});
