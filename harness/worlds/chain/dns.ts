import { drawFrom } from "../../../faults/random.ts";
import { startDnsProxy, type DnsEvent } from "../../../proxies/dns/proxy.ts";
import { faultOfLink, recorder, selectionOf, type Part, type PartOptions } from "./part.ts";

export async function startDnsPart({ name, host, listen, server, record }: PartOptions): Promise<Part> {
  const tell = {
    open: recorder("connection", name, record),
    close: recorder("connection", name, record),
    lost: recorder("datagram", name, record),
  } satisfies Record<DnsEvent["type"], unknown>;
  const proxy = await startDnsProxy({
    host,
    listen,
    server,
    onEvent: (event) => tell[event.type](event),
    onMessage: recorder("dns", name, record),
  });
  return {
    address: proxy.address,
    // Who is refused over UDP hears of it at most himself, and over TCP one asks after UDP.
    turnedAway: () => {},
    inject({ kind, parameters, match, chance }, onHit) {
      const fault = faultOfLink(kind, "dns");
      return proxy.inject({ ...selectionOf(match), fault, parameters, draw: drawFrom(chance), onHit });
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}
