/**
 * Shares of the CPU where the kernel gives none: the process groups of slivers are stopped and continued by turns (turns.ts).
 *
 *     every turn ──► what has each used? ──► who runs next? ──► STOP, CONT
 *
 * As long as nobody competes for a CPU it only looks now and then.
 */
import type { Child, Host } from "../../host/host.ts";
import { createTurns, type Claim } from "./turns.ts";

export interface CpuShares {
  /** Until the signal aborts; then all of them run. @throws {Error} on a machine that does not tell what processes use. */
  run(signal: AbortSignal): Promise<void>;
  /** Slivers that are held now, and those that compete. */
  report(): { readonly held: number; readonly competing: number };
}

/** So short that the least of twenty slivers has several turns in five seconds. */
const turnMs = 20;
const restMs = 500;

interface CpuOptions {
  readonly groups: () => ReadonlyMap<string, Child | undefined>;
  readonly weightOf: (slice: string) => number;
}

export function createCpuShares(host: Host, { groups, weightOf }: CpuOptions): CpuShares {
  const held = new Map<string, Child>();
  const spent = new Map<number, number>();
  let competing = 0;

  const hold = (running: ReadonlySet<string>, children: ReadonlyMap<string, Child>): void => {
    // Those that go on come last: for a moment too few run, and never too many.
    for (const [name, child] of children) {
      if (running.has(name) || held.get(name) === child) continue;
      if (child.signal("STOP")) held.set(name, child);
    }
    for (const [name, child] of held) {
      if (!running.has(name) && children.get(name) === child) continue;
      held.delete(name);
      child.signal("CONT");
    }
  };
  const claimOf = (name: string, child: Child, usage: ReadonlyMap<number, Claim["last"]>): Claim => ({
    name,
    weight: weightOf(name),
    last: held.get(name) === child ? undefined : (usage.get(child.pid) ?? { spentMs: 0, active: 0 }),
  });
  const look = async (pids: readonly number[]): Promise<ReadonlyMap<number, Claim["last"]>> => {
    const { groups: used } = await host.processes.usage(pids);
    for (const pid of spent.keys()) if (!used.has(pid) && pids.includes(pid)) spent.delete(pid);
    return new Map(
      [...used].map(([pid, { cpuMs, pastCpuMs, active }]) => {
        const all = cpuMs + pastCpuMs;
        const spentMs = Math.max(0, all - (spent.get(pid) ?? all));
        spent.set(pid, all);
        return [pid, { spentMs, active }];
      }),
    );
  };
  const all = (): ReadonlyMap<string, Child> =>
    new Map([...groups()].flatMap(([name, child]) => (child === undefined ? [] : [[name, child] as const])));

  return {
    report: () => ({ held: held.size, competing }),
    async run(signal) {
      using end = new DisposableStack();
      end.defer(() => hold(new Set(held.keys()), new Map(held)));
      const turns = createTurns((await host.processes.usage([])).cpus);
      let last = host.clock.monotonic();
      while (!signal.aborted) {
        const children = all();
        const free = [...children].filter(([name, child]) => held.get(name) !== child).map(([, { pid }]) => pid);
        const usage = await look(free);
        const now = host.clock.monotonic();
        const claims = [...children].map(([name, child]) => claimOf(name, child, usage));
        hold(turns.next(claims, now - last), children);
        last = now;
        competing = turns.hungry();
        await host.clock.sleep(competing > 1 ? turnMs : restMs, { signal }).catch(() => undefined);
      }
    },
  };
}
