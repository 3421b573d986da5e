/**
 * One proxy of the control API: where it listens, where it leads, its toxics and its faults, whether it is enabled or not.
 *
 *     enabled ──► a proxy of its protocol, with an injection a toxic and a fault ──► disabled: nobody listens, every connection is closed,
 *                                                                                    toxics and faults are kept
 *
 * Calls that change it come one after the other (`table.ts` sees to that). One that fails has changed nothing.
 */
import type { Address, Host } from "../../host/host.ts";
import { formatAddress } from "../../host/address.ts";
import { drawFrom } from "../../faults/random.ts";
import { added, noTraffic, type BothWays, type LiveConnection } from "../live.ts";
import { ApiError, invalidType } from "./errors.ts";
import { codeOf, everywhere, hostOf, listenError, resolveListen, upstreamAddress } from "./addresses.ts";
import type { HeldFault } from "./fault.ts";
import type { ShownProxy } from "./render.ts";
import type { ProxyChange } from "./requests.ts";
import type { Chain } from "../chain/chain.ts";
import type { OnHit } from "../chain/part.ts";
import { startRunning, type Proto, type StartOptions } from "./running.ts";
import { activate, type ActiveToxic, type Toxic } from "./toxic.ts";
import { toxicTypes } from "./toxics.ts";

/** A connection, and what has changed something about it: names of faults and toxics. */
export interface ShownConnection extends LiveConnection {
  readonly hits: readonly string[];
}

export interface ManagedProxy extends AsyncDisposable {
  readonly name: string;
  readonly proto: Proto;
  shown(): ShownProxy;
  traffic(): BothWays;
  connections(): readonly ShownConnection[];
  /** How many there were until now. */
  opened(): number;
  /** How many links each toxic has changed, by its name. */
  toxicHits(): ReadonlyMap<string, number>;
  /** True if it leads and listens as these say. @throws {ApiError} 500 if `listen` is no address. */
  isAt(upstream: string, listen: string): Promise<boolean>;
  /** @throws {ApiError} 500, and is as it was. */
  change(change: ProxyChange): Promise<void>;
  add(toxic: Toxic): void;
  update(toxic: Toxic): void;
  remove(name: string): Promise<void>;
  removeAll(): Promise<void>;
  /** At once, whatever becomes of the result. */
  hold(fault: HeldFault): void;
  lift(fault: HeldFault): Promise<void>;
}

/** What is told of a proxy: connections that come and go, and what hits them. */
export type ApiEvent = (event: string, fields: Readonly<Record<string, unknown>>) => void;

export interface ManagedOptions {
  readonly host: Host;
  readonly seed: number;
  readonly name: string;
  readonly proto: Proto;
  readonly listen: string;
  readonly upstream: string;
  readonly toxics: readonly Toxic[];
  readonly onEvent: ApiEvent;
}

/** In the order in which they came: that of the chain. */
type Held =
  | { toxic: Toxic; hits: number; active: ActiveToxic | undefined }
  | { readonly fault: HeldFault; active: AsyncDisposable | undefined };
type HeldToxic = Extract<Held, { toxic: Toxic }>;

const isToxic = (held: Held): held is HeldToxic => "toxic" in held;

/** Disabled. */
export function createManagedProxy({ host, seed, name, proto, onEvent, ...first }: ManagedOptions): ManagedProxy {
  let { listen, upstream } = first;
  const network = proto === "udp" ? "udp" : "tcp";
  let held: Held[] = first.toxics.map((toxic) => ({ toxic, hits: 0, active: undefined }));
  let running: Chain | undefined;
  let before = noTraffic;
  let opened = 0;
  /** By connection, while it lasts. */
  const hits = new Map<number, Set<string>>();

  const toxics = (): readonly HeldToxic[] => held.filter(isToxic);

  const tell: StartOptions["onEvent"] = ({ event, ...fields }) => {
    if (event === "connection.open") opened += 1;
    onEvent(event, { proxy: name, ...fields });
    if (event === "connection.close" && fields.connection !== undefined) hits.delete(fields.connection);
  };

  /** Of whatever is called so. */
  function hitBy(what: "toxic" | "fault", called: string, count: () => void): OnHit {
    return (detail) => {
      count();
      const { connection } = detail;
      if (typeof connection === "number") hits.set(connection, (hits.get(connection) ?? new Set()).add(called));
      onEvent(`${what}.hit`, { proxy: name, [what]: called, ...detail });
    };
  }

  async function bind(address: Address, leadsTo: string): Promise<Chain> {
    const open = (listenHost: string): Promise<Chain> =>
      startRunning(proto, {
        host,
        listen: { host: listenHost, port: address.port },
        server: async () => upstreamAddress(leadsTo),
        names: namesOf(leadsTo, listenHost),
        onEvent: tell,
      });
    try {
      return await open(address.host).catch((error: unknown) => {
        // A machine without IPv6.
        const code = codeOf(error);
        if (address.host !== everywhere || (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL")) throw error;
        return open("0.0.0.0");
      });
    } catch (cause) {
      throw listenError(network, address, cause);
    }
  }

  function start(each: Held, proxy: Chain): void {
    if (isToxic(each)) {
      const { toxic } = each;
      const type = toxicTypes.get(toxic.type);
      if (type === undefined) throw invalidType();
      const onHit = hitBy("toxic", toxic.name, () => (each.hits += 1));
      each.active = activate({ proxy, type, toxic, seed, path: name, onHit });
    } else {
      const { fault: asked } = each;
      each.active = proxy.inject({
        ...asked.selection,
        fault: asked.fault,
        parameters: asked.parameters,
        draw: drawFrom({ seed, path: ["fault", name, asked.name] }),
        onHit: hitBy("fault", asked.name, () => (asked.hits += 1)),
      });
    }
  }

  function run(proxy: Chain): void {
    running = proxy;
    listen = formatAddress(proxy.address);
    for (const each of held) start(each, proxy);
    onEvent("proxy.listening", { proxy: name, proto, listen, upstream });
  }

  async function stop(): Promise<void> {
    const stopping = running;
    if (stopping === undefined) return;
    running = undefined;
    for (const each of held) each.active = undefined;
    await stopping[Symbol.asyncDispose]();
    before = added(before, stopping.traffic());
    onEvent("proxy.closed", { proxy: name });
  }

  /** `to`, or nothing: the old proxy goes only when the new one can listen, unless they are in each other's way. */
  async function move(to: Address, leadsTo: string): Promise<void> {
    const old = running;
    const same = old !== undefined && old.address.port === to.port;
    let next: Chain | undefined;
    if (!same) next = await bind(to, leadsTo);
    await stop();
    if (next === undefined) {
      try {
        next = await bind(to, leadsTo);
      } catch (error) {
        if (old !== undefined) run(await bind(old.address, upstream));
        throw error;
      }
    }
    upstream = leadsTo;
    run(next);
  }

  async function isElsewhere(text: string): Promise<boolean> {
    const other = await resolveListen(host, text);
    return text !== listen && formatAddress(other) !== formatAddress(await resolveListen(host, listen));
  }

  function add(each: Held): void {
    held.push(each);
    if (running !== undefined) start(each, running);
  }

  async function take(which: (each: Held) => boolean): Promise<void> {
    const taken = held.filter(which);
    held = held.filter((each) => !which(each));
    // All at once, and then what has to be waited for.
    await Promise.all(
      taken.map(async (each) => (isToxic(each) ? each.active?.remove() : each.active?.[Symbol.asyncDispose]())),
    );
  }

  return {
    name,
    proto,
    shown: () => ({
      name,
      listen,
      upstream,
      enabled: running !== undefined,
      toxics: (["upstream", "downstream"] as const).flatMap((direction) =>
        toxics()
          .map(({ toxic }) => toxic)
          .filter((toxic) => toxic.direction === direction),
      ),
    }),
    traffic: () => (running === undefined ? before : added(before, running.traffic())),
    connections: () =>
      (running?.connections() ?? []).map((each) => ({ ...each, hits: [...(hits.get(each.connection) ?? [])] })),
    opened: () => opened,
    toxicHits: () => new Map(toxics().map(({ toxic, hits: count }) => [toxic.name, count])),

    isAt: async (otherUpstream, otherListen) => otherUpstream === upstream && !(await isElsewhere(otherListen)),

    async change({ listen: newListen, upstream: newUpstream = upstream, enabled = running !== undefined }) {
      const moved = newListen !== undefined && (await isElsewhere(newListen));
      if (!enabled) {
        await stop();
        if (moved) listen = newListen;
        upstream = newUpstream;
      } else if (running === undefined || moved || newUpstream !== upstream) {
        const wanted = moved ? newListen : listen;
        const address = await resolveListen(host, wanted).catch((error: unknown) => {
          throw error instanceof ApiError
            ? new ApiError(500, `listen ${network}: ${error.message}`, { cause: error })
            : error;
        });
        await move(address, newUpstream);
      }
    },

    add: (toxic) => add({ toxic, hits: 0, active: undefined }),
    update(toxic) {
      const each = toxics().find((other) => other.toxic.name === toxic.name);
      if (each === undefined) return;
      each.toxic = toxic;
      each.active?.update(toxic);
    },
    remove: (toxicName) => take((each) => isToxic(each) && each.toxic.name === toxicName),
    removeAll: () => take(isToxic),
    hold: (fault) => add({ fault, active: undefined }),
    lift: (fault) => take((each) => !isToxic(each) && each.fault === fault),
    [Symbol.asyncDispose]: stop,
  };
}

/** The server's name is its address's, and clients find it at the proxy's own as well. */
function namesOf(upstream: string, listenHost: string): readonly string[] {
  const names = [hostOf(upstream), "localhost", "127.0.0.1", "::1", listenHost];
  return [...new Set(names.filter((each) => each !== "" && each !== everywhere))];
}
