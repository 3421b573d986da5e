import { startNtpProxy, type PacketEvent } from "../ntp/proxy.ts";
import { describe } from "../ntp/wire/dump.ts";
import type { RelayEvent } from "../udp/relay.ts";
import { faultOf, onceThere, passed, told, type Outermost, type DatagramPartOptions } from "./part.ts";

export async function startNtpPart(options: DatagramPartOptions): Promise<Outermost> {
  const { onEvent } = options;
  const tell = {
    open: told("connection", onEvent),
    close: told("connection", onEvent),
    lost: told("datagram", onEvent),
  } satisfies Record<RelayEvent["type"], unknown>;
  const proxy = await startNtpProxy({
    ...options,
    onEvent: (event) => tell[event.type](event),
    onPacket: passed<PacketEvent>(options, ({ type, now, ...event }, bytes) => ({
      event: `ntp.${type}`,
      ...event,
      packet: describe(bytes, now),
    })),
  });
  return {
    ...proxy,
    // Nobody connects, and whoever is refused hears of it at most himself.
    turnedAway: () => {},
    inject: (injection) => onceThere(proxy.inject({ ...injection, fault: faultOf(injection, "ntp") })),
  };
}
