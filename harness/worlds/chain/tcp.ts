import { drawFrom } from "../../../faults/random.ts";
import { startTcpProxy, type Injected } from "../../../proxies/tcp/proxy.ts";
import { WorldError } from "../../errors.ts";
import { faultOfLink, recorder, selectionOf, type Part, type PartOptions } from "./part.ts";

export async function startTcpPart({
  name,
  host,
  listen,
  server,
  target = server,
  record,
}: PartOptions): Promise<Part> {
  const proxy = await startTcpProxy({ host, listen, server, target, onEvent: recorder("connection", name, record) });
  return {
    address: proxy.address,
    turnedAway: (how) => proxy.turnedAway(how),
    async inject({ kind, parameters, match, chance }, onHit) {
      const fault = faultOfLink(kind, "tcp");
      const injected = proxy.inject({ ...selectionOf(match), fault, parameters, draw: drawFrom(chance), onHit });
      await effective(injected);
      return injected;
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

/** One that can't take effect is lifted again. */
async function effective(injected: Injected): Promise<void> {
  try {
    await injected.effective;
  } catch (cause) {
    await Promise.allSettled([injected[Symbol.asyncDispose]()]);
    throw new WorldError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
