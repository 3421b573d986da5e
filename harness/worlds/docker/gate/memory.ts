/**
 * What a container's kernel counts of its memory, as the container itself sees its control group. Engines tell of kills by events, but not of all: those of
 * control groups v1 tell of none on newer kernels.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Operation } from "../pipe.ts";
import { operation } from "./operation.ts";

const betweenLooksMs = 50;

/** `initOf`: the first process of the container in which the service runs, if it does. */
export function createMemoryOperations(
  initOf: (service: string) => number | undefined,
): Readonly<Record<string, Operation>> {
  const watches = new Map<string, Watch>();
  return {
    ...operation("memory.used", async ({ service }) => ({ value: usedBy(initOf(service)) ?? null })),
    ...operation("memory.watch", async ({ service }, { tell }) => {
      const watch = startWatch(
        () => initOf(service),
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
  /** The service has just been killed by somebody: whether it was the kernel, for its memory. */
  killed(): boolean;
}

function startWatch(initOf: () => number | undefined, tell: () => void): Watch {
  const over = new AbortController();
  let last = { init: initOf(), own: killsIn(initOf()) ?? 0, everywhere: killsEverywhere(), more: 0 };
  const look = (): void => {
    const init = initOf();
    const everywhere = killsEverywhere();
    const own = killsIn(init);
    if (own === undefined) return;
    const more = init === last.init ? own - last.own : 0;
    for (let n = 0; n < more; n++) tell();
    last = { init, own, everywhere, more };
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
      if (last.more > 0) return true;
      // Its control group is gone with it; the machine's count has moved, and it was not told to end.
      const isKilled = killsEverywhere() > last.everywhere;
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
