import { drawFrom } from "../../../faults/random.ts";
import { startTlsOrigination } from "../../../proxies/tls/origination.ts";
import { startTlsProxy } from "../../../proxies/tls/proxy.ts";
import { WorldError } from "../../errors.ts";
import { faultOfLink, recorder, selectionOf, type Part, type PartOptions } from "./part.ts";

/** What the proxy of a chain that sees what is inside speaks: that is why TLS was ended. */
const alpn = ["http/1.1"];

export interface TlsPartOptions extends PartOptions {
  readonly terminates: boolean;
  /** What comes next takes it in the clear. */
  readonly inside: boolean;
}

export async function startTlsPart(options: TlsPartOptions): Promise<Part> {
  const { name, host, listen, server, names = [name], record, terminates, inside } = options;
  const tell = recorder("tls", name, record);
  const proxy = await startTlsProxy({
    host,
    listen,
    server,
    names,
    terminates,
    ...(inside && { inside: { address: server, alpn } }),
    // The link's connections are those of its client, which its outermost proxy tells of.
    onEvent: (event) => {
      if (event.type === "handshake") tell(event);
    },
  });
  return {
    address: proxy.address,
    // Its door is within the chain: nobody is refused there.
    turnedAway: () => {},
    inject({ kind, parameters, match, chance }, onHit) {
      const fault = faultOfLink(kind, "tls");
      return proxy.inject({ ...selectionOf(match), fault, parameters, draw: drawFrom(chance), onHit });
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

export async function startOriginationPart({ name, host, listen, server, names = [] }: PartOptions): Promise<Part> {
  const [servername = name] = names;
  const origination = await startTlsOrigination({ host, listen, server, servername, alpn });
  return {
    address: origination.address,
    turnedAway: () => {},
    inject({ kind }) {
      throw new WorldError(`no fault acts where TLS begins again, not even ${kind}`);
    },
    [Symbol.asyncDispose]: () => origination[Symbol.asyncDispose](),
  };
}
