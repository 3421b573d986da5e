import { drawFrom } from "../../../faults/random.ts";
import { startHttpProxy } from "../../../proxies/http/proxy.ts";
import { faultOfLink, recorder, selectionOf, type Part, type PartOptions } from "./part.ts";

export async function startHttpPart({ name, host, listen, server, record }: PartOptions): Promise<Part> {
  const proxy = await startHttpProxy({ host, listen, server, onEvent: recorder("http", name, record) });
  return {
    address: proxy.address,
    // Its door is within the chain: nobody is refused there.
    turnedAway: () => {},
    inject({ kind, parameters, match, chance }, onHit) {
      const fault = faultOfLink(kind, "http");
      return proxy.inject({ ...selectionOf(match), fault, parameters, draw: drawFrom(chance), onHit });
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}
