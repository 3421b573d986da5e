import { nameFor } from "../tls/names.ts";
import { startTlsOrigination } from "../tls/origination.ts";
import { startTlsProxy, type Inside } from "../tls/proxy.ts";
import { atOnce, faultOf, told, type Part, type PartOptions } from "./part.ts";

/** What the proxy of a chain that sees what is inside speaks: that is why TLS was ended. */
export const alpn = ["http/1.1"];

export interface TlsPartOptions extends PartOptions {
  readonly terminates: boolean;
  /** Where what is inside goes in the clear, if somebody wants to see it. */
  readonly inside: () => Inside | undefined;
}

export async function startTlsPart(options: TlsPartOptions): Promise<Part> {
  const tell = told("tls", options.onEvent);
  const proxy = await startTlsProxy({
    ...options,
    // The link's connections are those of its client, which its outermost proxy tells of.
    onEvent: (event) => {
      if (event.type === "handshake") tell(event);
    },
  });
  return {
    ...proxy,
    inject({ match: { servername } = {}, ...injection }) {
      const named = { ...injection, ...(servername !== undefined && { servername }) };
      return atOnce(proxy.inject({ ...named, fault: faultOf(injection, "tls") }));
    },
  };
}

export interface OriginationPartOptions extends PartOptions {
  /** What the client of a connection has asked for where its TLS ended. */
  readonly servernameOf: (connection: number) => string | undefined;
}

export async function startOriginationPart(options: OriginationPartOptions): Promise<Part> {
  const { names, servernameOf } = options;
  const origination = await startTlsOrigination({
    ...options,
    servername: ({ connection }) => nameFor(servernameOf(connection), names) ?? "",
    alpn,
  });
  return {
    ...origination,
    inject({ fault: { kind } }) {
      throw new Error(`no fault acts where TLS begins again, not even ${kind}`);
    },
  };
}
