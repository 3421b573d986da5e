import { startDnsProxy, type DnsEvent } from "../dns/proxy.ts";
import { faultOf, onceThere, told, type Outermost, type PartOptions } from "./part.ts";

export async function startDnsPart(options: PartOptions): Promise<Outermost> {
  const { onEvent } = options;
  const tell = {
    open: told("connection", onEvent),
    close: told("connection", onEvent),
    lost: told("datagram", onEvent),
  } satisfies Record<DnsEvent["type"], unknown>;
  const proxy = await startDnsProxy({
    ...options,
    onEvent: (event) => tell[event.type](event),
    onMessage: told("dns", onEvent),
  });
  return {
    ...proxy,
    // Who is refused over UDP hears of it at most himself, and over TCP one asks after UDP.
    turnedAway: () => {},
    inject: (injection) => onceThere(proxy.inject({ ...injection, fault: faultOf(injection, "dns") })),
  };
}
