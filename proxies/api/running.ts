/**
 * What runs behind a proxy of the API while it is enabled, by its protocol: a chain, as behind a link of a plan. To add one, add its line.
 *
 *     client ──► chain (faults of its planes) ──► server
 */
import type { Address, Host } from "../../host/host.ts";
import { startChain, type Chain, type ChainOptions } from "../chain/chain.ts";
import type { ChainEvent, OnMessage } from "../chain/part.ts";

/** What each connection passes, faults or not: who says http wants to hear of requests, and a handshake is met only by who has heard its beginning. */
const chains = {
  tcp: {},
  udp: { carrier: "udp" },
  dns: { carrier: "dns" },
  ntp: { carrier: "ntp" },
  http: { inner: ["http"] },
  https: { inner: ["tls"], secure: true },
  tls: { inner: ["tls"] },
} as const satisfies Readonly<Record<string, Pick<ChainOptions, "carrier" | "inner" | "secure">>>;

export type Proto = keyof typeof chains;
export const protos = Object.keys(chains) as readonly Proto[];

export interface StartOptions {
  readonly host: Host;
  readonly listen: Address;
  readonly server: () => Address | Promise<Address>;
  /** What the server's certificate is for; the first is what it is called. */
  readonly names: readonly string[];
  /** Where clients find it besides. */
  readonly alsoAt: readonly string[];
  readonly onEvent: (event: ChainEvent) => void;
  readonly onMessage?: OnMessage;
  readonly onServerFailed: (connection: number, error: unknown) => void;
}

/** @throws {Error} with `code` EADDRINUSE and so on if it can't listen. */
export function startRunning(proto: Proto, options: StartOptions): Promise<Chain> {
  return startChain({ ...chains[proto], ...options });
}
