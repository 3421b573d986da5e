/** What clock faults act on, in any world: a clock that can be steered, and paces of which the latest counts. */
import type { ClockTarget, Pace } from "../../faults/clock/contract.ts";
import { createOverlap } from "./overlap.ts";

/** A virtual clock of a process tree, or that of a simulated machine. */
export interface SteeredClock {
  /** By what the wall clock is ahead of the true time, in milliseconds. */
  error(): Promise<number> | number;
  /** In milliseconds since the Unix epoch. */
  wall(): Promise<number> | number;
  step(by: { readonly wall: number; readonly boottime?: number }): Promise<void> | void;
  setPace(pace: Pace): Promise<void> | void;
  /** Only where children look at clocks. */
  setOthers?(aheadMs: number): Promise<void> | void;
  /** Calls back once somebody has looked at what is in force now. */
  onSeen(look: { readonly at: "wall" | "any"; readonly by?: "anybody" | "others" }, callback: () => void): void;
}

export interface SteeredTarget {
  readonly target: ClockTarget;
  /** The service is about to be started. */
  starts(): Promise<void>;
}

export function createClockTarget(clock: SteeredClock): SteeredTarget {
  const paces = createOverlap<Pace>((pace) => clock.setPace(pace ?? { rate: 1, wall: 1 }));
  const boots = createOverlap<number>(() => {});
  const others = createOverlap<number>((ahead) => clock.setOthers?.(ahead ?? 0));
  return {
    async starts() {
      if (boots.value === undefined) return;
      await clock.step({ wall: boots.value - (await clock.wall()) });
      clock.onSeen({ at: "wall" }, () => boots.hit());
    },
    target: {
      error: async () => clock.error(),
      async step(by, onSeen) {
        await clock.step(by);
        clock.onSeen({ at: "wall" }, onSeen);
      },
      async pace(pace, onSeen) {
        const lift = await paces.add(pace, () => {});
        clock.onSeen({ at: pace.wall === 1 ? "any" : "wall" }, onSeen);
        return lift;
      },
      bootAt: (unixMs, onSeen) => boots.add(unixMs, onSeen),
      ...(clock.setOthers !== undefined && {
        async children(aheadMs: number, onSeen: () => void) {
          const lift = await others.add(aheadMs, () => {});
          clock.onSeen({ at: "wall", by: "others" }, onSeen);
          return lift;
        },
      }),
    },
  };
}
