/**
 * One proxy of the control API: where it listens, where it leads, and its toxics, whether it is enabled or not.
 *
 *     enabled ──► a tcp proxy with an injection a toxic ──► disabled: nobody listens, every connection is closed, the toxics are kept
 *
 * Calls that change it come one after the other (`table.ts` sees to that). One that fails has changed nothing.
 */
import type { Address, Host } from "../../host/host.ts";
import { formatAddress } from "../../host/address.ts";
import { startTcpProxy, type ProxyEvent, type TcpProxy, type Traffic } from "../tcp/proxy.ts";
import type { Direction } from "../../faults/tcp/contract.ts";
import { ApiError, invalidType } from "./errors.ts";
import { codeOf, everywhere, listenError, resolveListen, upstreamAddress } from "./addresses.ts";
import type { ShownProxy } from "./render.ts";
import type { ProxyChange } from "./requests.ts";
import { activate, type ActiveToxic, type Toxic } from "./toxic.ts";
import { toxicTypes } from "./toxics.ts";

export interface ManagedProxy extends AsyncDisposable {
  shown(): ShownProxy;
  traffic(): Readonly<Record<Direction, Traffic>>;
  /** True if it leads and listens as these say. @throws {ApiError} 500 if `listen` is no address. */
  isAt(upstream: string, listen: string): Promise<boolean>;
  /** @throws {ApiError} 500, and is as it was. */
  change(change: ProxyChange): Promise<void>;
  add(toxic: Toxic): void;
  update(toxic: Toxic): void;
  remove(name: string): Promise<void>;
  removeAll(): Promise<void>;
}

/** What is told of a proxy: connections that come and go, and toxics that hit. */
export type ApiEvent = (event: string, fields: Readonly<Record<string, unknown>>) => void;

export interface ManagedOptions {
  readonly host: Host;
  readonly seed: number;
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  readonly toxics: readonly Toxic[];
  readonly onEvent: ApiEvent;
}

interface Held {
  toxic: Toxic;
  active: ActiveToxic | undefined;
}

const noTraffic: Readonly<Record<Direction, Traffic>> = {
  upstream: { received: 0, delivered: 0 },
  downstream: { received: 0, delivered: 0 },
};

/** Disabled. */
export function createManagedProxy({ host, seed, name, onEvent, ...first }: ManagedOptions): ManagedProxy {
  let { listen, upstream } = first;
  const held: Held[] = first.toxics.map((toxic) => ({ toxic, active: undefined }));
  let running: TcpProxy | undefined;
  let before = noTraffic;

  const tell = ({ type, ...fields }: ProxyEvent): void => onEvent(`connection.${type}`, { proxy: name, ...fields });

  async function bind(address: Address, leadsTo: string): Promise<TcpProxy> {
    const open = (listenHost: string): Promise<TcpProxy> =>
      startTcpProxy({
        host,
        listen: { host: listenHost, port: address.port },
        server: async () => upstreamAddress(leadsTo),
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
      throw listenError(address, cause);
    }
  }

  function start(each: Held, proxy: TcpProxy): void {
    const type = toxicTypes.get(each.toxic.type);
    if (type === undefined) throw invalidType();
    const { toxic } = each;
    const onHit = (detail: object): void => onEvent("toxic.hit", { proxy: name, toxic: toxic.name, ...detail });
    each.active = activate({ proxy, type, toxic, seed, path: name, onHit });
  }

  function run(proxy: TcpProxy): void {
    running = proxy;
    listen = formatAddress(proxy.address);
    for (const each of held) start(each, proxy);
  }

  async function stop(): Promise<void> {
    const stopping = running;
    if (stopping === undefined) return;
    running = undefined;
    for (const each of held) each.active = undefined;
    await stopping[Symbol.asyncDispose]();
    before = added(before, stopping.traffic());
  }

  /** `to`, or nothing: the old proxy goes only when the new one can listen, unless they are in each other's way. */
  async function move(to: Address, leadsTo: string): Promise<void> {
    const old = running;
    const same = old !== undefined && old.address.port === to.port;
    let next: TcpProxy | undefined;
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

  async function resolved(text: string): Promise<string> {
    return formatAddress(await resolveListen(host, text));
  }

  return {
    shown: () => ({
      name,
      listen,
      upstream,
      enabled: running !== undefined,
      toxics: (["upstream", "downstream"] as const).flatMap((direction) =>
        held.map(({ toxic }) => toxic).filter((toxic) => toxic.direction === direction),
      ),
    }),
    traffic: () => (running === undefined ? before : added(before, running.traffic())),

    async isAt(otherUpstream, otherListen) {
      return otherUpstream === upstream && (await resolved(otherListen)) === (await resolved(listen));
    },

    async change({ listen: newListen, upstream: newUpstream = upstream, enabled = running !== undefined }) {
      const moved = newListen !== undefined && (await resolved(newListen)) !== (await resolved(listen));
      if (!enabled) {
        await stop();
        if (moved) listen = newListen;
        upstream = newUpstream;
      } else if (running === undefined || moved || newUpstream !== upstream) {
        const wanted = moved ? newListen : listen;
        const address = await resolveListen(host, wanted).catch((error: unknown) => {
          throw error instanceof ApiError ? new ApiError(500, `listen tcp: ${error.message}`, { cause: error }) : error;
        });
        await move(address, newUpstream);
      }
    },

    add(toxic) {
      const each: Held = { toxic, active: undefined };
      held.push(each);
      if (running !== undefined) start(each, running);
    },
    update(toxic) {
      const each = held.find((other) => other.toxic.name === toxic.name);
      if (each === undefined) return;
      each.toxic = toxic;
      each.active?.update(toxic);
    },
    async remove(toxicName) {
      const index = held.findIndex(({ toxic }) => toxic.name === toxicName);
      const [each] = index < 0 ? [] : held.splice(index, 1);
      await each?.active?.remove();
    },
    async removeAll() {
      for (const { active } of held.splice(0)) await active?.remove();
    },
    [Symbol.asyncDispose]: stop,
  };
}

function added(
  a: Readonly<Record<Direction, Traffic>>,
  b: Readonly<Record<Direction, Traffic>>,
): Readonly<Record<Direction, Traffic>> {
  const of = (direction: Direction): Traffic => ({
    received: a[direction].received + b[direction].received,
    delivered: a[direction].delivered + b[direction].delivered,
  });
  return { upstream: of("upstream"), downstream: of("downstream") };
}
