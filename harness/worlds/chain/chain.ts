/**
 * The proxies of a link, one behind the other: the outermost is where the client knocks, and the others, if the plan has faults for them, listen on
 * loopback of the proxies' host.
 *
 *     client ──► tcp ──► tls ──► http ──► tls again ──► tcp (`leg: upstream`) ──► server
 */
import { WorldError } from "../../errors.ts";
import { innerProxies, innerProxyFor, type InnerProxy } from "../planes.ts";
import { startHttpPart } from "./http.ts";
import type { Part, PartOptions } from "./part.ts";
import { startTcpPart } from "./tcp.ts";
import { startOriginationPart, startTlsPart } from "./tls.ts";

const loopback = { host: "127.0.0.1", port: 0 };

/** `inner`: all that the link has. */
type Start = (options: PartOptions, inner: readonly InnerProxy[]) => Promise<Part>;

const starters: Readonly<Record<InnerProxy, Start>> = {
  termination: (options, inner) =>
    startTlsPart({ ...options, terminates: true, inside: inner.includes("origination") }),
  tls: (options) => startTlsPart({ ...options, terminates: false, inside: false }),
  http: startHttpPart,
  origination: startOriginationPart,
  // The link's connections are those of its client.
  upstream: (options) => startTcpPart({ ...options, record: () => {} }),
};

export async function startChain(options: PartOptions, inner: readonly InnerProxy[]): Promise<Part> {
  await using starting = new AsyncDisposableStack();
  const parts = new Map<InnerProxy, Part>();
  let { server } = options;
  for (const which of innerProxies.toReversed()) {
    if (!inner.includes(which)) continue;
    const part = starting.use(await starters[which]({ ...options, listen: loopback, server }, inner));
    parts.set(which, part);
    server = async () => part.address;
  }
  const outermost = starting.use(await startTcpPart({ ...options, server, target: options.server }));

  function partFor(kind: string, match: Readonly<Record<string, unknown>>): Part {
    const which = innerProxyFor(kind, match);
    if (which === undefined) return outermost;
    const part = parts.get(which) ?? (which === "tls" ? parts.get("termination") : undefined);
    if (part !== undefined) return part;
    throw new WorldError(`${options.name} has no proxy for ${kind} (${which}): it was started for none of its faults`);
  }

  const started = starting.move();
  return {
    address: outermost.address,
    turnedAway: (how) => outermost.turnedAway(how),
    inject: (injection, onHit) => partFor(injection.kind, injection.match).inject(injection, onHit),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
