/** What faults act on, on a simulated machine. */
import type { Limited } from "../../../faults/limits/contract.ts";
import { drawFrom } from "../../../faults/random.ts";
import type { ResolverTarget } from "../../../faults/resolver/contract.ts";
import type { Targets } from "../../../faults/targets.ts";
import type { Machine } from "../../../host/sim/machine.ts";
import type { Life } from "../life.ts";
import { createClockTarget } from "../clock.ts";
import { createOverlap } from "../overlap.ts";

/** What a machine can refuse to a program. */
export type Refused = Limited | "disk";

export interface SimTargets {
  readonly targets: Omit<Targets, "process">;
  refused(what: Refused): void;
  /** A life is about to begin. */
  starts(): Promise<void>;
}

interface TargetsOptions {
  readonly machine: Machine;
  readonly life: () => Life | undefined;
  readonly resolver: ResolverTarget | undefined;
}

export function createTargets({ machine, life, resolver }: TargetsOptions): SimTargets {
  const refusals = createOverlap<"ENOSPC" | "EROFS">((code) => void (machine.disk.refuse = code));
  const openFiles = createOverlap<number>((to) => void (machine.limits.openFiles = to ?? Infinity));
  const processes = createOverlap<number>((to) => void (machine.limits.processes = to ?? Infinity));
  const clock = createClockTarget({
    error: () => machine.clock.error(),
    wall: () => machine.clock.wall(),
    // No program can ask for the other clocks that a suspended machine has.
    step: ({ wall }) => machine.clock.step(wall),
    setPace({ rate, wall }) {
      machine.clock.setRate(rate);
      machine.clock.setWallRate(wall);
    },
    onSeen: ({ at }, callback) => machine.clock.onLook(at, callback),
  });
  let freezes = 0;
  const runs = (): boolean => life()?.isGone() === false;

  return {
    refused(what) {
      const overlap = { disk: refusals, "open-files": openFiles, processes }[what];
      overlap.hit();
    },
    starts: () => clock.starts(),
    targets: {
      clock: clock.target,
      ...(resolver !== undefined && { resolver }),
      disk: {
        files: async () => machine.disk.files(),
        read: async (path) => (machine.disk.files().includes(path) ? machine.disk.read(path) : undefined),
        put: async (path, bytes) => machine.disk.put(path, bytes),
        delete: async (path) => machine.disk.delete(path),
        rename: async (from, to) => machine.disk.move(from, to),
        previous: async (path) => machine.disk.previous(path),
        refuse: async (code, onRefused) => refusals.add(code, onRefused),
        async losePower(chance) {
          if (!runs()) return false;
          life()?.order();
          machine.losePower(drawFrom(chance));
          return true;
        },
      },
      cpu: {
        async freeze() {
          if (!runs()) return undefined;
          freezes += 1;
          machine.cpu.freeze(true);
          return lifted(() => {
            freezes -= 1;
            machine.cpu.freeze(freezes > 0);
          });
        },
        async load(count) {
          machine.cpu.addLoad(count);
          return lifted(() => machine.cpu.addLoad(-count));
        },
      },
      limits: {
        limit: async (what, to, onRefused) =>
          runs() ? (what === "open-files" ? openFiles : processes).add(to, onRefused) : undefined,
      },
    },
  };
}

function lifted(lift: () => void): AsyncDisposable {
  const stack = new AsyncDisposableStack();
  stack.defer(lift);
  return stack;
}
