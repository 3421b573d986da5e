import { drawFrom } from "../../../faults/random.ts";
import { startUdpRelay } from "../../../proxies/udp/relay.ts";
import { faultOfLink, recorder, selectionOf, type Part, type PartOptions } from "./part.ts";

export async function startUdpPart({ name, host, listen, server, record }: PartOptions): Promise<Part> {
  const relay = await startUdpRelay({ host, listen, server, onEvent: recorder("connection", name, record) });
  return {
    address: relay.address,
    // No door is ever barred: nobody connects.
    turnedAway: () => {},
    inject({ kind, parameters, match, chance }, onHit) {
      const fault = faultOfLink(kind, "udp");
      return relay.inject({ ...selectionOf(match), fault, parameters, draw: drawFrom(chance), onHit });
    },
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}
