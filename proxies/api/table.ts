/** The proxies by name, and what can be asked of them; of HTTP it knows only the status of an error. */
import type { Host } from "../../host/host.ts";
import { ApiError, proxyExists, proxyNotFound, toxicNotFound } from "./errors.ts";
import { createManagedProxy, type ApiEvent, type ManagedProxy } from "./managed.ts";
import { readToxic, readToxicChange, type ProxyChange, type ProxyRequest } from "./requests.ts";
import type { ShownProxy } from "./render.ts";
import type { Toxic } from "./toxic.ts";

export interface ProxyTable extends AsyncDisposable {
  list(): readonly ManagedProxy[];
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
}

export function createProxyTable({ host, seed, onEvent }: ProxyTableOptions): ProxyTable {
  const proxies = new Map<string, ManagedProxy>();
  /** Changes follow one another; reading waits for nobody. */
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
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

  async function start({ name, listen, upstream, enabled = true, toxics = [] }: ProxyRequest): Promise<ShownProxy> {
    const proxy = createManagedProxy({ host, seed, name, listen, upstream, toxics, onEvent });
    if (enabled) await proxy.change({ enabled });
    proxies.set(name, proxy);
    return proxy.shown();
  }

  /** A proxy that is there already is as it was if this throws. */
  async function put(request: ProxyRequest): Promise<ShownProxy> {
    const { name, listen, upstream, enabled, toxics } = request;
    const proxy = proxies.get(name);
    if (proxy === undefined) return start(request);
    const same = await proxy.isAt(upstream, listen);
    // What is as it was keeps its toxics and its state, unless the request says otherwise; what is not begins anew.
    if (!same) await proxy.change({ listen, upstream, enabled: enabled ?? true });
    else if (enabled !== undefined) await proxy.change({ enabled });
    if (!same || toxics !== undefined) {
      await proxy.removeAll();
      for (const each of toxics ?? []) proxy.add(each);
    }
    return proxy.shown();
  }

  return {
    list: () => [...proxies.values()],
    get,
    toxic,

    create: (request) =>
      inTurn(async () => {
        if (proxies.has(request.name)) throw proxyExists();
        return start(request);
      }),

    populate: (requests) =>
      inTurn(async () => {
        const done: ShownProxy[] = [];
        for (const request of requests) {
          try {
            done.push(await put(request));
          } catch (error) {
            throw error instanceof ApiError ? new PopulateError(error, done) : error;
          }
        }
        return done;
      }),

    change: (name, read) =>
      inTurn(async () => {
        const proxy = get(name);
        await proxy.change(read());
        return proxy.shown();
      }),

    remove: (name) =>
      inTurn(async () => {
        const proxy = get(name);
        proxies.delete(name);
        await proxy[Symbol.asyncDispose]();
      }),

    reset: () =>
      inTurn(async () => {
        const failures: unknown[] = [];
        for (const proxy of proxies.values()) {
          await proxy.removeAll();
          await proxy.change({ enabled: true }).catch((error: unknown) => failures.push(error));
        }
        if (failures.length > 0) throw failures[0];
      }),

    addToxic: (name, body) =>
      inTurn(async () => {
        const proxy = get(name);
        const added = readToxic(body, proxy.shown().toxics);
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
        await Promise.all([...proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()));
        proxies.clear();
      }),
  };
}
