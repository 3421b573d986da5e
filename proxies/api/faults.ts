/** The faults on proxies of the API: which there are, how long they last, and what becomes of them with their proxies. */
import type { Host } from "../../host/host.ts";
import type { HeldFault } from "./fault.ts";
import type { ApiEvent, ManagedProxy } from "./managed.ts";

export interface Faults extends Disposable {
  /** In the order in which they came. */
  byName(): ReadonlyMap<string, HeldFault>;
  /** In force when it returns, on proxies that have it already and on those that expect it. */
  inject(fault: HeldFault): void;
  lift(fault: HeldFault, by: string): Promise<void>;
  /** No fault that there is now acts on the proxy of that name any more; one that acted on it alone is over. */
  leave(proxy: string): Promise<void>;
}

export interface FaultsOptions {
  readonly host: Host;
  readonly proxies: ReadonlyMap<string, ManagedProxy>;
  readonly onEvent: ApiEvent;
  /** What ends by itself does so between two calls. */
  readonly inTurn: (work: () => Promise<void>) => Promise<void>;
}

/** A door that somebody has taken may take seconds to open again: a call does not wait for that. */
const longestLiftMs = 500;

export function createFaults({ host, proxies, onEvent, inTurn }: FaultsOptions): Faults {
  const faults = new Map<string, HeldFault>();

  /** A door that can't be opened again is told of, and held up nobody. */
  async function release(lifting: Promise<void>, name: string): Promise<void> {
    const over = new AbortController();
    const done = lifting
      .catch((error: unknown) => onEvent("fault.stuck", { fault: name, reason: String(error) }))
      .finally(() => over.abort());
    await Promise.race([done, host.clock.sleep(longestLiftMs, over).catch(() => undefined)]);
  }

  async function lift(fault: HeldFault, by: string): Promise<void> {
    if (faults.get(fault.name) === fault) faults.delete(fault.name);
    fault.expiry?.timer[Symbol.dispose]();
    const lifting = [...fault.where].flatMap((name) => proxies.get(name)?.lift(fault) ?? []);
    onEvent("fault.lift", { fault: fault.name, by, hits: fault.hits });
    await Promise.all(lifting.map((each) => release(each, fault.name)));
  }

  async function leave(name: string): Promise<void> {
    // Those that come meanwhile are meant for what takes its place.
    const acting = faults
      .values()
      .filter(({ where }) => where.has(name))
      .toArray();
    for (const fault of acting) {
      if (fault.where.size === 1) await lift(fault, "proxy");
      else {
        fault.where.delete(name);
        await release(proxies.get(name)?.lift(fault) ?? Promise.resolve(), fault.name);
      }
    }
  }

  function expire(fault: HeldFault): void {
    if (fault.for === undefined) return;
    const timer = host.clock.timer(fault.for, () => {
      void inTurn(async () => {
        if (faults.get(fault.name) === fault) await lift(fault, "for");
      });
    });
    fault.expiry = { at: host.clock.monotonic() + fault.for, timer };
  }

  return {
    byName: () => faults,
    inject(fault) {
      faults.set(fault.name, fault);
      for (const name of fault.where) {
        const proxy = proxies.get(name);
        if (proxy?.holds(fault) === false) void proxy.hold(fault);
      }
      onEvent("fault.inject", { fault: fault.name, kind: fault.fault.kind, where: [...fault.where] });
      expire(fault);
    },
    lift,
    leave,
    [Symbol.dispose]() {
      for (const { expiry } of faults.values()) expiry?.timer[Symbol.dispose]();
      faults.clear();
    },
  };
}
