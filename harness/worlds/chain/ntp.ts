import { drawFrom } from "../../../faults/random.ts";
import { startNtpProxy, type NtpEvent } from "../../../proxies/ntp/proxy.ts";
import { faultOfLink, recorder, selectionOf, type Part, type PartOptions } from "./part.ts";

export async function startNtpPart({ name, host, listen, server, record }: PartOptions): Promise<Part> {
  const tell = {
    open: recorder("connection", name, record),
    close: recorder("connection", name, record),
    lost: recorder("datagram", name, record),
    request: recorder("ntp", name, record),
    reply: recorder("ntp", name, record),
  } satisfies Record<NtpEvent["type"], unknown>;
  const proxy = await startNtpProxy({ host, listen, server, onEvent: (event) => tell[event.type](event) });
  return {
    address: proxy.address,
    // Nobody connects, and whoever is refused hears of it at most himself.
    turnedAway: () => {},
    inject({ kind, parameters, match, chance }, onHit) {
      const fault = faultOfLink(kind, "ntp");
      return proxy.inject({ ...selectionOf(match), fault, parameters, draw: drawFrom(chance), onHit });
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}
