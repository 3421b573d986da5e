/** The proxies and faults by name, and what can be asked of them; of HTTP it knows only the status of an error. */
import type { Host } from "../../host/host.ts";
import { actsOn } from "../../faults/registry.ts";
import { isLate, resolveListen } from "./addresses.ts";
import { ApiError, noTcp, proxyExists, proxyNotFound, toxicNotFound } from "./errors.ts";
import type { Change } from "./changes.ts";
import { takesAMoment, type HeldFault } from "./fault.ts";
import { createFaults } from "./faults.ts";
import { createManagedProxy, type ApiEvent, type ApiMessage, type ManagedProxy } from "./managed.ts";
import { planChanges, type Wanted } from "./plan.ts";
import { readToxic, readToxicChange, type ProxyChange, type ProxyRequest } from "./requests.ts";
import type { ShownProxy } from "./render.ts";
import type { Proto } from "./running.ts";
import type { Toxic } from "./toxic.ts";
import { allOrNothing, type Work } from "./transaction.ts";

export interface ProxyTable extends AsyncDisposable {
  readonly seed: number;
  list(): readonly ManagedProxy[];
  /** In the order in which they came. */
  faults(): readonly HeldFault[];
  /** @throws {ApiError} 404 */
  get(name: string): ManagedProxy;
  /** @throws {ApiError} 409, 500 */
  create(request: ProxyRequest): Promise<ShownProxy>;
  /** @throws {PopulateError} 500 */
  populate(requests: readonly ProxyRequest[]): Promise<readonly ShownProxy[]>;
  /** @throws {ApiError} 404, 400, 500 */
  change(name: string, read: () => ProxyChange): Promise<ShownProxy>;
  /** @throws {ApiError} 404 */
  remove(name: string): Promise<void>;
  /** All proxies, even if one can't be started. @throws {ApiError} 500 */
  reset(): Promise<void>;
  /** All of them, or none. @throws {ApiError} 400, 404, 409, 500 */
  apply(changes: readonly Change[]): Promise<void>;
  /** @throws {ApiError} 404 */
  toxic(proxy: string, name: string): Toxic;
  /** @throws {ApiError} 404, 400, 409 */
  addToxic(proxy: string, body: string): Promise<Toxic>;
  /** @throws {ApiError} 404, 400 */
  changeToxic(proxy: string, name: string, body: string): Promise<Toxic>;
  /** @throws {ApiError} 404 */
  removeToxic(proxy: string, name: string): Promise<void>;
}

/** What could be done before the failure stays done. */
export class PopulateError extends ApiError {
  readonly done: readonly ShownProxy[];

  constructor(cause: ApiError, done: readonly ShownProxy[]) {
    super(cause.status, cause.message, { cause });
    this.done = done;
  }
}

export interface ProxyTableOptions {
  readonly host: Host;
  readonly seed: number;
  readonly onEvent: ApiEvent;
  /** By default nobody hears of messages. */
  readonly onMessage?: ApiMessage;
}

export function createProxyTable({ host, seed, onEvent, onMessage = () => {} }: ProxyTableOptions): ProxyTable {
  const proxies = new Map<string, ManagedProxy>();
  /** Changes follow one another; reading waits for nobody. */
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  }

  const faults = createFaults({ host, proxies, onEvent, inTurn });

  /** Names are looked up before a change has its turn, so that one which nobody answers for delays no other. */
  async function lookUp(listens: readonly (string | undefined)[]): Promise<void> {
    const found = await Promise.allSettled(listens.map(async (listen) => listen && resolveListen(host, listen)));
    const late = found.find((each) => each.status === "rejected" && isLate(each.reason));
    if (late?.status === "rejected") throw late.reason;
  }

  function get(name: string): ManagedProxy {
    const proxy = proxies.get(name);
    if (proxy === undefined) throw proxyNotFound();
    return proxy;
  }

  function toxic(proxy: string, name: string): Toxic {
    const found = get(proxy)
      .shown()
      .toxics.find((each) => each.name === name);
    if (found === undefined) throw toxicNotFound();
    return found;
  }

  function make(
    name: string,
    proto: Proto,
    request: Pick<ProxyRequest, "listen" | "upstream" | "toxics"> & Pick<ProxyChange, "names">,
  ): ManagedProxy {
    const { listen, upstream, names, toxics = [] } = request;
    return createManagedProxy({ host, seed, name, proto, listen, upstream, names, toxics, onEvent, onMessage });
  }

  async function start(request: ProxyRequest): Promise<ShownProxy> {
    const { name, enabled = true } = request;
    const proxy = make(name, "tcp", request);
    if (enabled) await proxy.change({ enabled });
    proxies.set(name, proxy);
    return proxy.shown();
  }

  /** A proxy that is there already is as it was if this throws. */
  async function put(request: ProxyRequest): Promise<ShownProxy> {
    const { name, listen, upstream, enabled, toxics = [] } = request;
    const proxy = proxies.get(name);
    if (proxy === undefined) return start(request);
    if (toxics.length > 0 && !actsOn("tcp", proxy.proto)) throw noTcp(name);
    const same = await proxy.isAt(upstream, listen);
    // What is as it was keeps its toxics and its state, unless the request says otherwise; what is not begins anew.
    if (!same) await proxy.change({ listen, upstream, enabled: enabled ?? true });
    else if (enabled !== undefined) await proxy.change({ enabled });
    if (!same) await faults.leave(name);
    // Some clients say that there are none whenever they were told of none.
    if (!same || toxics.length > 0) {
      await proxy.removeAll();
      for (const each of toxics) proxy.add(each);
    }
    return proxy.shown();
  }

  async function carryOut({ proxies: wanted, lifted, injected }: Wanted): Promise<void> {
    const kept = new Set([...wanted.values()].flatMap(({ now }) => now ?? []));
    const leaving = [...proxies.values()].filter((proxy) => !kept.has(proxy));
    const made: ManagedProxy[] = [];
    const stays = (name: string): ManagedProxy[] => [wanted.get(name)?.now ?? []].flat();
    const meetings = injected.flatMap((fault) =>
      [...fault.where].flatMap((name) => stays(name).map((proxy) => ({ fault, proxy }))),
    );
    const fresh: Work[] = [];
    const moves: Work[] = [];
    const inPlace: Work[] = [];
    const stops: Work[] = leaving.map((proxy) => changeOf(proxy, { enabled: false }));
    for (const [name, { now, proto, request }] of wanted) {
      if (now === undefined) {
        const proxy = make(name, proto, { ...request, toxics: undefined });
        // Before it listens, so that no connection passes without them.
        for (const fault of injected) if (fault.where.has(name)) void proxy.hold(fault);
        made.push(proxy);
        if (request.enabled) fresh.push(changeOf(proxy, { enabled: true }));
      } else if (isAsked(now, request)) {
        const { enabled, listen } = now.shown();
        const work = changeOf(now, request);
        if (!enabled) fresh.push(work);
        else if (!request.enabled) stops.push(work);
        else if (request.listen !== listen) moves.push(work);
        else inPlace.push(work);
      }
    }
    const doors = meetings.filter(({ fault: { fault } }) => takesAMoment(fault));
    // First those that have no connections, and last those that have their address already.
    await allOrNothing([...meetings.map(expecting), ...fresh, ...moves, ...inPlace], stops, doors.map(barring));

    // Nothing below can fail, and none of it waits until all is in force.
    const lifting = lifted.map((fault) => faults.lift(fault, "call"));
    const left = leaving.map(({ name }) => (wanted.get(name)?.now === undefined ? faults.leave(name) : undefined));
    for (const { name } of leaving) proxies.delete(name);
    for (const proxy of made) proxies.set(proxy.name, proxy);
    for (const fault of injected) faults.inject(fault);
    await Promise.all([...lifting, ...left]);
  }

  return {
    seed,
    list: () => [...proxies.values()],
    faults: () => [...faults.byName().values()],
    get,
    toxic,

    async create(request) {
      await lookUp([request.listen]);
      return inTurn(async () => {
        if (proxies.has(request.name)) throw proxyExists();
        return start(request);
      });
    },

    async populate(requests) {
      await lookUp(requests.map(({ listen }) => listen));
      return inTurn(async () => {
        const done: ShownProxy[] = [];
        for (const request of requests) {
          try {
            done.push(await put(request));
          } catch (error) {
            throw error instanceof ApiError ? new PopulateError(error, done) : error;
          }
        }
        return done;
      });
    },

    async change(name, read) {
      get(name);
      const change = read();
      await lookUp([change.listen]);
      return inTurn(async () => {
        const proxy = get(name);
        await proxy.change(change);
        return proxy.shown();
      });
    },

    remove: (name) =>
      inTurn(async () => {
        const proxy = get(name);
        await faults.leave(name);
        proxies.delete(name);
        await proxy[Symbol.asyncDispose]();
      }),

    reset: () =>
      inTurn(async () => {
        const failures: unknown[] = [];
        for (const fault of faults.byName().values()) await faults.lift(fault, "reset");
        for (const proxy of proxies.values()) {
          await proxy.removeAll();
          await proxy.change({ enabled: true }).catch((error: unknown) => failures.push(error));
        }
        if (failures.length > 0) throw failures[0];
      }),

    async apply(changes) {
      await lookUp(changes.map((change) => ("proxy" in change ? change.proxy.listen : undefined)));
      return inTurn(() => carryOut(planChanges(changes, { proxies, faults: faults.byName() })));
    },

    addToxic: (name, body) =>
      inTurn(async () => {
        const proxy = get(name);
        const added = readToxic(body, proxy.shown().toxics);
        if (!actsOn("tcp", proxy.proto)) throw noTcp(name);
        proxy.add(added);
        return added;
      }),

    changeToxic: (name, toxicName, body) =>
      inTurn(async () => {
        const changed = readToxicChange(body, toxic(name, toxicName));
        get(name).update(changed);
        return changed;
      }),

    removeToxic: (name, toxicName) =>
      inTurn(async () => {
        toxic(name, toxicName);
        await get(name).remove(toxicName);
      }),

    [Symbol.asyncDispose]: () =>
      inTurn(async () => {
        faults[Symbol.dispose]();
        await Promise.all([...proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()));
        proxies.clear();
      }),
  };
}

interface FaultOnProxy {
  readonly fault: HeldFault;
  readonly proxy: ManagedProxy;
}

/** Has what the fault needs there, and nothing changed by it. */
function expecting({ fault, proxy }: FaultOnProxy): Work {
  return {
    port: undefined,
    async begin() {
      const forget = await proxy.expect(fault);
      return async () => forget();
    },
  };
}

/** A door may not be barred as it is told to be. */
function barring({ fault, proxy }: FaultOnProxy): Work {
  return {
    port: undefined,
    async begin() {
      try {
        await proxy.hold(fault);
      } catch (error) {
        await proxy.lift(fault).catch(() => undefined);
        throw error;
      }
      return () => proxy.lift(fault);
    },
  };
}

/** Whether the proxy is to be other than it is: of one that is not, nothing is looked up or tried. */
function isAsked(proxy: ManagedProxy, request: Required<ProxyChange>): boolean {
  const { listen, upstream, names, enabled } = proxy.shown();
  return (
    listen !== request.listen || upstream !== request.upstream || names !== request.names || enabled !== request.enabled
  );
}

/** One proxy's change, which can be taken back. */
function changeOf(proxy: ManagedProxy, change: ProxyChange): Work {
  const { listen, upstream, names, enabled } = proxy.shown();
  const concerned = change.enabled === false ? listen : (change.listen ?? listen);
  const leaves = enabled && change.enabled !== false && concerned !== listen;
  return {
    port: Number(concerned.split(":").at(-1)),
    aside: leaves ? changeOf(proxy, { enabled: false }) : undefined,
    async begin() {
      await proxy.change(change);
      return () => proxy.change({ listen, upstream, names, enabled });
    },
  };
}
