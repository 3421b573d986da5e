import { drawFrom } from "../../../faults/random.ts";
import { startUdpRelay, type RelayEvent } from "../../../proxies/udp/relay.ts";
import { faultOfLink, recorder, selectionOf, type Part, type PartOptions } from "./part.ts";

export async function startUdpPart({ name, host, listen, server, record }: PartOptions): Promise<Part> {
  const [ofConnections, ofDatagrams] = [recorder("connection", name, record), recorder("datagram", name, record)];
  const onEvent = (event: RelayEvent): void => (event.type === "lost" ? ofDatagrams : ofConnections)(event);
  const relay = await startUdpRelay({ host, listen, server, onEvent });
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
