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
import { createDeadline } from "../../host/deadline.ts";
import { drawFrom } from "../../faults/random.ts";
import { added, noTraffic, type BothWays, type LiveConnection } from "../live.ts";
import { ApiError, invalidType } from "./errors.ts";
import { codeOf, everywhere, hostOf, listenError, resolveListen, upstreamAddress } from "./addresses.ts";
import { takesAMoment, type HeldFault } from "./fault.ts";
import type { ShownProxy } from "./render.ts";
import type { ProxyChange } from "./requests.ts";
import type { Chain } from "../chain/chain.ts";
import type { Injected, MessagePassed, OnHit, OnMessage, SayMessage } from "../chain/part.ts";
import type { Events, TellMessage, Told } from "./events.ts";
import { failureOf } from "./failure.ts";
import { namesAt, ofLoopback } from "../tls/names.ts";
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
  /** Starts what the fault needs and is not there yet. Resolves with what forgets it again. @throws {ApiError} 500, and is as it was. */
  expect(fault: HeldFault): Promise<() => void>;
  /** In force when it returns; but a door that is to be barred takes until the result resolves. What was expected before can't fail but for that. */
  hold(fault: HeldFault): Promise<void>;
  holds(fault: HeldFault): boolean;
  lift(fault: HeldFault): Promise<void>;
}

/** What is told of a proxy: connections that come and go, and what hits them. */
export type ApiEvent = (event: string, fields: Readonly<Record<string, unknown>>) => void;

/** The same of a message that passes: `tell` says what it is (`proxies/chain/part.ts`). */
export type ApiMessage = Events["recordMessage"];

export interface ManagedOptions {
  readonly host: Host;
  readonly seed: number;
  readonly name: string;
  readonly proto: Proto;
  readonly listen: string;
  readonly upstream: string;
  /** What its server is called; by default the host of `upstream`. */
  readonly names: readonly string[] | undefined;
  readonly toxics: readonly Toxic[];
  readonly onEvent: ApiEvent;
  readonly onMessage: ApiMessage;
}

/** A door is barred in some milliseconds; if it is not, nobody waits for it. */
const longestBarMs = 3000;

/** In the order in which they came: that of the chain. */
type Held =
  | { toxic: Toxic; hits: number; active: ActiveToxic | undefined }
  | { readonly fault: HeldFault; active: Injected | undefined };
type HeldToxic = Extract<Held, { toxic: Toxic }>;

const isToxic = (held: Held): held is HeldToxic => "toxic" in held;

/** Disabled. */
export function createManagedProxy({
  host,
  seed,
  name,
  proto,
  onEvent,
  onMessage,
  ...first
}: ManagedOptions): ManagedProxy {
  let { listen, upstream, names } = first;
  const network = proto === "udp" || proto === "dns" || proto === "ntp" ? "udp" : "tcp";
  let held: Held[] = first.toxics.map((toxic) => ({ toxic, hits: 0, active: undefined }));
  let running: Chain | undefined;
  /** Not held yet. */
  const expected = new Set<HeldFault>();
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

  /** By what the parts of its chain say. */
  const tells = new WeakMap<SayMessage, TellMessage>();
  const tellMessage: OnMessage = (message, bytes, say) => {
    let tellIt = tells.get(say);
    if (tellIt === undefined) {
      tellIt = (...passed) => withName(say(...passed));
      tells.set(say, tellIt);
    }
    onMessage(message, bytes, tellIt);
  };
  const withName = ({ event, ...fields }: MessagePassed): Told => ({ event, fields: { proxy: name, ...fields } });

  /** Of whatever is called so. */
  function hitBy(what: "toxic" | "fault", called: string, count: () => void): OnHit {
    return (detail) => {
      count();
      const { connection } = detail;
      if (typeof connection === "number") hits.set(connection, (hits.get(connection) ?? new Set()).add(called));
      onEvent(`${what}.hit`, { proxy: name, [what]: called, ...detail });
    };
  }

  async function bind(address: Address, leadsTo: string, called: readonly string[] | undefined): Promise<Chain> {
    let to: Address | undefined;
    const open = (listenHost: string): Promise<Chain> =>
      startRunning(proto, {
        host,
        listen: { host: listenHost, port: address.port },
        server: () => (to ??= upstreamAddress(leadsTo)),
        names: called ?? namesAt(hostOf(leadsTo)),
        alsoAt: [...ofLoopback, listenHost].filter((each) => each !== everywhere),
        onEvent: tell,
        onMessage: tellMessage,
        onServerFailed: (connection, error) =>
          onEvent("upstream.failed", { proxy: name, connection, ...failureOf(error) }),
      });
    await using starting = new AsyncDisposableStack();
    let chain: Chain;
    try {
      chain = starting.use(
        await open(address.host).catch((error: unknown) => {
          // A machine without IPv6.
          const code = codeOf(error);
          if (address.host !== everywhere || (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL")) throw error;
          return open("0.0.0.0");
        }),
      );
    } catch (cause) {
      throw listenError(network, address, cause);
    }
    for (const fault of expected) await prepare(chain, fault);
    for (const each of held) if (!isToxic(each)) await prepare(chain, each.fault);
    starting.move();
    return chain;
  }

  async function prepare(chain: Chain, { name: called, fault, parameters, selection }: HeldFault): Promise<void> {
    try {
      await chain.prepare({ fault, parameters, ...selection });
    } catch (cause) {
      const { message } = listenError(network, { host: "127.0.0.1", port: 0 }, cause);
      throw new ApiError(500, `fault ${called}: ${name} can't have its proxy for ${fault.kind}: ${message}`, { cause });
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

  /** @throws {ApiError} 500 if its door can't be barred as its faults want it; then it is stopped. */
  async function run(proxy: Chain): Promise<void> {
    running = proxy;
    listen = formatAddress(proxy.address);
    for (const each of held) start(each, proxy);
    onEvent("proxy.listening", { proxy: name, proto, listen, upstream });
    try {
      await Promise.all(held.map(async (each) => (isToxic(each) ? undefined : barred(each.fault, each.active))));
    } catch (error) {
      await stop();
      throw error;
    }
  }

  /** Whoever needs longer than this for a door does not get it. */
  async function barred({ name: called, fault }: HeldFault, active: Injected | undefined): Promise<void> {
    if (active === undefined || !takesAMoment(fault)) return;
    const failed = (cause: unknown): ApiError =>
      new ApiError(500, `fault ${called}: ${fault.kind} can't act on ${name}: ${messageOf(cause)}`, { cause });
    using deadline = createDeadline(host.clock, longestBarMs);
    const late = Promise.withResolvers<never>();
    deadline.signal.addEventListener("abort", () => late.reject(deadline.signal.reason));
    await Promise.race([active.effective, late.promise]).catch((cause: unknown) => {
      throw failed(cause);
    });
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
  async function move(to: Address, leadsTo: string, called: readonly string[] | undefined): Promise<void> {
    const old = running;
    const was = { upstream, names };
    const same = old !== undefined && old.address.port === to.port;
    let next: Chain | undefined;
    if (!same) next = await bind(to, leadsTo, called);
    await stop();
    try {
      next ??= await bind(to, leadsTo, called);
      upstream = leadsTo;
      names = called;
      await run(next);
    } catch (error) {
      ({ upstream, names } = was);
      if (old !== undefined) await run(await bind(old.address, upstream, names));
      throw error;
    }
  }

  async function isElsewhere(text: string): Promise<boolean> {
    const other = await resolveListen(host, text);
    return text !== listen && formatAddress(other) !== formatAddress(await resolveListen(host, listen));
  }

  function add(each: Held): void {
    // First, since it may fail.
    if (running !== undefined) start(each, running);
    held.push(each);
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
      names,
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

    async change({
      listen: newListen,
      upstream: newUpstream = upstream,
      names: newNames = names,
      enabled = running !== undefined,
    }) {
      const moved = newListen !== undefined && (await isElsewhere(newListen));
      if (!enabled) {
        await stop();
        if (moved) listen = newListen;
        upstream = newUpstream;
        names = newNames;
      } else if (running === undefined || moved || newUpstream !== upstream || newNames?.join() !== names?.join()) {
        const wanted = moved ? newListen : listen;
        const address = await resolveListen(host, wanted).catch((error: unknown) => {
          throw error instanceof ApiError
            ? new ApiError(500, `listen ${network}: ${error.message}`, { cause: error })
            : error;
        });
        await move(address, newUpstream, newNames);
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
    async expect(fault) {
      if (running !== undefined) await prepare(running, fault);
      expected.add(fault);
      return () => void expected.delete(fault);
    },
    hold(fault) {
      expected.delete(fault);
      const each: Held = { fault, active: undefined };
      add(each);
      return barred(fault, each.active);
    },
    holds: (fault) => held.some((each) => !isToxic(each) && each.fault === fault),
    lift: (fault) => take((each) => !isToxic(each) && each.fault === fault),
    [Symbol.asyncDispose]: stop,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
