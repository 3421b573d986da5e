/**
 * What a container's kernel counts of its memory, as the container itself sees its control group. Engines tell of kills by events, but not of all: those of
 * control groups v1 tell of none on newer kernels.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Operation } from "../pipe.ts";
import { operation } from "./operation.ts";

const betweenLooksMs = 50;

/** Where a service runs: the first process of its container, and its own. */
export interface Place {
  readonly init: number | undefined;
  readonly main: number | undefined;
}

export function createMemoryOperations(placeOf: (service: string) => Place): Readonly<Record<string, Operation>> {
  const watches = new Map<string, Watch>();
  return {
    ...operation("memory.used", async ({ service }) => ({ value: usedBy(placeOf(service).init) ?? null })),
    ...operation("memory.watch", async ({ service }, { tell }) => {
      const watch = startWatch(
        () => placeOf(service),
        () => tell(null),
      );
      watches.set(service, watch);
      const lasting = new AsyncDisposableStack();
      lasting.defer(() => void watches.delete(service));
      lasting.use(watch);
      return { lasting };
    }),
    ...operation("memory.killed", async ({ service }) => ({ value: watches.get(service)?.killed() ?? false })),
  };
}

interface Watch extends AsyncDisposable {
  /** The service was killed by somebody: whether it was the kernel, for its memory. */
  killed(): boolean;
}

function startWatch(placeOf: () => Place, tell: () => void): Watch {
  const over = new AbortController();
  let { init } = placeOf();
  let own = killsIn(init) ?? 0;
  let everywhere = killsEverywhere();
  /** The kernel has killed one of its processes, and its own has not been seen well since. */
  let isSuspect = false;
  const look = (): void => {
    const place = placeOf();
    const before = killsEverywhere();
    const kills = killsIn(place.init);
    if (kills === undefined) return;
    const more = place.init === init ? kills - own : 0;
    isSuspect = more > 0 || (isSuspect && place.init === init && !isWell(place.main));
    for (let n = 0; n < more; n++) tell();
    init = place.init;
    own = kills;
    everywhere = before;
  };
  const looking = (async () => {
    for (;;) {
      await sleep(betweenLooksMs, undefined, { signal: over.signal });
      look();
    }
  })().catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });
  // Whoever lifts it hears of it.
  looking.catch(() => {});
  return {
    killed() {
      look();
      if (isSuspect) return true;
      // Its control group is gone with it; the machine's count has moved, and it was not told to end.
      const isKilled = killsEverywhere() > everywhere;
      if (isKilled) tell();
      return isKilled;
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      await looking;
      look();
    },
  };
}

/** Not on its way to its end: one that is killed may take its time until it is gone, for instance to give its memory back. */
function isWell(pid: number | undefined): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const flags = Number(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ")[6]);
    const pending = [...status.matchAll(/^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$/gm)].map(([, mask]) => BigInt(`0x${mask}`));
    const isKilled = pending.some((mask) => ((mask >> 8n) & 1n) === 1n);
    return !isKilled && (flags & exiting) === 0 && /^State:\s*[^ZX]/m.test(status);
  } catch {
    return false;
  }
}

/** PF_EXITING of Linux. */
const exiting = 0x4;

/** In version 2 and in version 1 of control groups. */
const usage = ["memory.current", "memory/memory.usage_in_bytes"];
const events = ["memory.events", "memory/memory.oom_control"];

function usedBy(init: number | undefined): number | undefined {
  const text = readFirst(init, usage);
  return text === undefined ? undefined : Number(text);
}

function killsIn(init: number | undefined): number | undefined {
  const text = readFirst(init, events);
  return text === undefined ? undefined : killsOf(text);
}

function killsEverywhere(): number {
  return killsOf(readFileSync("/proc/vmstat", "latin1"));
}

function killsOf(text: string): number {
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

function readFirst(init: number | undefined, files: readonly string[]): string | undefined {
  if (init === undefined) return undefined;
  for (const file of files) {
    try {
      return readFileSync(`/proc/${init}/root/sys/fs/cgroup/${file}`, "latin1");
    } catch {
      // The other version, or gone.
    }
  }
  return undefined;
}
