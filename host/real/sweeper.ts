/** Ends whoever has a mark, and what these start meanwhile. One look at all processes serves all marks: a hundred groups may end at once. */
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import type { SignalName } from "../host.ts";
import { lookAgain, type Look, type Members, type Process } from "./members.ts";

export interface Sweeper {
  /** From now on until a look finds nobody. */
  sweep(mark: string): void;
  /** Resolves when that is over. */
  over(mark: string): Promise<void>;
}

/** Whoever starts others more quickly than looks can follow gets away. */
const longestMs = 5000;
const pauseMs = 5;

interface Sweep {
  readonly until: number;
  /** Who has been sent a signal: it ends, and starts nobody any more. */
  readonly hit: Set<string>;
  readonly over: PromiseWithResolvers<void>;
}

export function createSweeper(members: Members): Sweeper {
  const sweeps = new Map<string, Sweep>();

  const sweepAll = (): void => {
    const { strays, isWhole } = lookOrNothing(members);
    for (const [mark, { until, hit, over }] of sweeps) {
      const left = (strays.get(mark) ?? []).filter((process) => !hit.has(nameOf(process)));
      for (const process of left) {
        hit.add(nameOf(process));
        signalProcess(process, "KILL");
      }
      if ((left.length > 0 || !isWhole) && performance.now() < until) continue;
      sweeps.delete(mark);
      over.resolve();
    }
  };
  const run = async (): Promise<void> => {
    await setImmediate();
    for (sweepAll(); sweeps.size > 0; sweepAll()) await sleep(pauseMs);
  };
  return {
    sweep(mark) {
      if (sweeps.size === 0) void run();
      const until = performance.now() + longestMs;
      if (!sweeps.has(mark)) sweeps.set(mark, { until, hit: new Set(), over: Promise.withResolvers() });
    },
    over: async (mark) => sweeps.get(mark)?.over.promise,
  };
}

const nameOf = ({ pid, started }: Process): string => `${pid} ${started}`;

/** Nothing is known while there is no descriptor to look with. */
function lookOrNothing(members: Members): Pick<Look, "strays" | "isWhole"> {
  try {
    return members.look();
  } catch {
    return { strays: new Map(), isWhole: false };
  }
}

/** False if it has ended, or nobody here may signal it. */
export function signalProcess(known: Process, signal: SignalName): boolean {
  try {
    const isThere = lookAgain(known).some(({ state }) => state !== "Z");
    return isThere && process.kill(known.pid, `SIG${signal}`);
  } catch {
    return false;
  }
}
