import { startDnsProxy, type DnsEvent } from "../dns/proxy.ts";
import type { MessageEvent } from "../dns/exchange.ts";
import { describe } from "../dns/wire/dump.ts";
import { faultOf, onceThere, passed, told, type Outermost, type DatagramPartOptions } from "./part.ts";

export async function startDnsPart(options: DatagramPartOptions): Promise<Outermost> {
  const { onEvent } = options;
  const tell = {
    open: told("connection", onEvent),
    close: told("connection", onEvent),
    lost: told("datagram", onEvent),
  } satisfies Record<DnsEvent["type"], unknown>;
  const proxy = await startDnsProxy({
    ...options,
    onEvent: (event) => tell[event.type](event),
    onMessage: passed<MessageEvent>(options, ({ type, ...event }, bytes) => ({
      event: `dns.${type}`,
      ...event,
      message: describe(bytes),
    })),
  });
  return {
    ...proxy,
    // Who is refused over UDP hears of it at most himself, and over TCP one asks after UDP.
    turnedAway: () => {},
    inject: (injection) => onceThere(proxy.inject({ ...injection, fault: faultOf(injection, "dns") })),
  };
}
