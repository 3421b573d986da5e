import { drawFrom } from "../../../faults/random.ts";
import { startTcpProxy } from "../../../proxies/tcp/proxy.ts";
import { faultOfLink, recorder, selectionOf, type Part, type PartOptions } from "./part.ts";

export async function startTcpPart({ name, host, listen, server, record }: PartOptions): Promise<Part> {
  const proxy = await startTcpProxy({ host, listen, server, onEvent: recorder("connection", name, record) });
  return {
    address: proxy.address,
    refused: () => proxy.refused(),
    inject({ kind, parameters, match, chance }, onHit) {
      const fault = faultOfLink(kind, "tcp");
      return proxy.inject({ ...selectionOf(match), fault, parameters, draw: drawFrom(chance), onHit });
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}
