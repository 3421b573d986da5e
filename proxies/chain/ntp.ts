import { startNtpProxy, type NtpEvent } from "../ntp/proxy.ts";
import { faultOf, onceThere, told, type Outermost, type PartOptions } from "./part.ts";

export async function startNtpPart(options: PartOptions): Promise<Outermost> {
  const { onEvent } = options;
  const tell = {
    open: told("connection", onEvent),
    close: told("connection", onEvent),
    lost: told("datagram", onEvent),
    request: told("ntp", onEvent),
    reply: told("ntp", onEvent),
  } satisfies Record<NtpEvent["type"], unknown>;
  const proxy = await startNtpProxy({ ...options, onEvent: (event) => tell[event.type](event) });
  return {
    ...proxy,
    // Nobody connects, and whoever is refused hears of it at most himself.
    turnedAway: () => {},
    inject: (injection) => onceThere(proxy.inject({ ...injection, fault: faultOf(injection, "ntp") })),
  };
}
