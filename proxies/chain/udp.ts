import { startUdpRelay, type RelayEvent } from "../udp/relay.ts";
import { atOnce, faultOf, told, type Outermost, type DatagramPartOptions } from "./part.ts";

export async function startUdpPart(options: DatagramPartOptions): Promise<Outermost> {
  const { onEvent } = options;
  const [ofFlows, ofDatagrams] = [told("connection", onEvent), told("datagram", onEvent)];
  const relay = await startUdpRelay({
    ...options,
    onEvent: (event: RelayEvent) => (event.type === "lost" ? ofDatagrams(event) : ofFlows(event)),
  });
  return {
    ...relay,
    // No door is ever barred: nobody connects.
    turnedAway: () => {},
    inject: (injection) => atOnce(relay.inject({ ...injection, fault: faultOf(injection, "udp") })),
  };
}
