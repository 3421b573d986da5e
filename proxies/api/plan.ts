/** What a list of changes comes to, and whether all of it can be: nothing has happened yet. */
import { actsOn } from "../../faults/registry.ts";
import type { Change } from "./changes.ts";
import { ApiError } from "./errors.ts";
import { faultCalled, type FaultRequest, type HeldFault } from "./fault.ts";
import type { ManagedProxy } from "./managed.ts";
import type { ProxyChange } from "./requests.ts";
import type { Proto } from "./running.ts";

export interface Present {
  readonly proxies: ReadonlyMap<string, ManagedProxy>;
  readonly faults: ReadonlyMap<string, HeldFault>;
}

export interface WantedProxy {
  /** Undefined if it is to be made. */
  readonly now: ManagedProxy | undefined;
  readonly proto: Proto;
  readonly request: Required<ProxyChange>;
}

export interface Wanted {
  /** All that there are afterwards. */
  readonly proxies: ReadonlyMap<string, WantedProxy>;
  readonly lifted: readonly HeldFault[];
  readonly injected: readonly HeldFault[];
}

/** @throws {ApiError} 400, 404, 409, and says which of several it was. */
export function planChanges(changes: readonly Change[], present: Present): Wanted {
  const proxies = new Map<string, WantedProxy>(
    [...present.proxies].map(([name, now]) => {
      const { listen, upstream, names, enabled } = now.shown();
      return [name, { now, proto: now.proto, request: { listen, upstream, names, enabled } }];
    }),
  );
  const faults = new Map<string, HeldFault>(present.faults);
  const lifted = new Set<HeldFault>();
  const isThere = (fault: HeldFault): boolean => present.faults.get(fault.name) === fault;

  function putProxy(asked: Extract<Change, { proxy: unknown }>["proxy"]): void {
    const { name, proto, listen, upstream, names, enabled } = asked;
    const there = proxies.get(name);
    if (there !== undefined && proto !== undefined && proto !== there.proto)
      throw new ApiError(409, `proxy ${name} is ${there.proto}: remove it before you make one that is ${proto}`);
    const to = upstream ?? there?.request.upstream;
    if (to === undefined)
      throw new ApiError(400, `proxy ${name} is not there yet: write its upstream, such as db.test:5432`);
    const at = listen ?? there?.request.listen ?? "127.0.0.1:0";
    const is = there?.proto ?? proto ?? "tcp";
    if (names !== undefined && !actsOn("tls", is))
      throw new ApiError(400, `proxy ${name}: leave out names: they are for certificates, and it is ${is}`);
    proxies.set(name, {
      now: there?.now,
      proto: is,
      request: {
        listen: at,
        upstream: to,
        names: names ?? there?.request.names,
        enabled: enabled ?? there?.request.enabled ?? true,
      },
    });
  }

  function removeProxy(name: string): void {
    if (!proxies.delete(name)) throw new ApiError(404, `there is no proxy ${name}`);
    for (const fault of faults.values()) {
      // One that is there already loses its place only when all of this has happened.
      if (!isThere(fault)) fault.where.delete(name);
      const left = [...fault.where].filter((key) => (isThere(fault) ? proxies.get(key)?.now : proxies.get(key)));
      if (left.length === 0) faults.delete(fault.name);
    }
  }

  function inject(request: FaultRequest): void {
    const { name, fault } = request;
    if (faults.has(name)) throw new ApiError(409, `fault ${name} exists: lift it, or give this one another name`);
    const fits = ({ proto }: WantedProxy): boolean => actsOn(fault.plane, proto);
    const all = [...proxies].filter(([, proxy]) => fits(proxy)).map(([key]) => key);
    const where = request.where === "all" ? all : request.where;
    if (where.length === 0) throw new ApiError(400, `fault ${name}: there is no proxy that it can act on`);
    for (const key of where) {
      const proxy = proxies.get(key);
      if (proxy === undefined) throw new ApiError(404, `fault ${name}: there is no proxy ${key}`);
      if (!fits(proxy))
        throw new ApiError(400, `fault ${name}: ${fault.kind} can't act on ${key}, which is ${proxy.proto}`);
    }
    faults.set(name, { ...request, where: new Set(where), hits: 0, expiry: undefined });
  }

  function liftFault(name: string): void {
    const fault = faultCalled(name, [...faults.values()]);
    if (fault === undefined) throw new ApiError(404, `there is no fault ${name}`);
    faults.delete(fault.name);
    lifted.add(fault);
  }

  for (const [index, change] of changes.entries()) {
    try {
      if ("proxy" in change) putProxy(change.proxy);
      else if ("remove" in change) removeProxy(change.remove);
      else if ("fault" in change) inject(change.fault);
      else liftFault(change.lift);
    } catch (error) {
      if (!(error instanceof ApiError) || changes.length === 1) throw error;
      throw new ApiError(error.status, `[${index}]: ${error.message}`, { cause: error });
    }
  }
  return {
    proxies,
    lifted: [...lifted].filter(isThere),
    injected: [...faults.values()].filter((fault) => !isThere(fault)),
  };
}
