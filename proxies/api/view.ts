/** All that there is, as the extended API shows it. */
import type { Host } from "../../host/host.ts";
import { formatAddress } from "../../host/address.ts";
import { formatDuration } from "../../faults/units.ts";
import type { HeldFault } from "./fault.ts";
import type { ManagedProxy } from "./managed.ts";
import type { ProxyTable } from "./table.ts";

type Shown = Readonly<Record<string, unknown>>;

/** Byte for byte what is under way is not shown: only how much. */
export function showAll(table: ProxyTable, host: Host, lastEvent: number): Shown {
  return {
    seed: table.seed,
    last_event: lastEvent,
    proxies: Object.fromEntries(table.list().map((proxy) => [proxy.name, showProxy(proxy, table)])),
    faults: Object.fromEntries(table.faults().map((fault) => [fault.name, showFault(fault, host)])),
  };
}

export function showProxy(proxy: ManagedProxy, table: ProxyTable): Shown {
  const { name, listen, upstream, names, enabled, toxics } = proxy.shown();
  const hits = proxy.toxicHits();
  return {
    name,
    proto: proxy.proto,
    listen,
    upstream,
    ...(names !== undefined && { names }),
    enabled,
    faults: table.faults().flatMap((fault) => (fault.where.has(name) ? [fault.name] : [])),
    toxics: toxics.map(({ direction: _same, attributes, ...toxic }) => ({
      ...toxic,
      attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, Number(value)])),
      hits: hits.get(toxic.name) ?? 0,
    })),
    traffic: proxy.traffic(),
    opened: proxy.opened(),
    connections: proxy.connections().map(({ connection, client, since, traffic, hits: by }) => ({
      connection,
      client: formatAddress(client),
      since: Math.round(since),
      ...traffic,
      hits: by,
    })),
  };
}

export function showFault({ name, written, where, hits, expiry }: HeldFault, host: Host): Shown {
  return {
    ...(written as Shown),
    name,
    where: [...where],
    hits,
    ...(expiry !== undefined && {
      left: formatDuration(Math.max(0, Math.round(expiry.at - host.clock.monotonic()))),
    }),
  };
}
