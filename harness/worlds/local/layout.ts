/**
 * How services are kept apart and find one another: the difference between the two flavours of the local world.
 *
 *     namespaces.ts   a network namespace a service, natural ports, names in /etc/hosts       (Linux)
 *     loopback.ts     everything on 127.0.0.1, free ports, names in a table of the host's     (anywhere)
 */
import type { ResolverTarget } from "../../../faults/resolver/contract.ts";
import type { Address } from "../../../host/host.ts";
import type { Link, Service } from "../../plan/schema.ts";
import type { Transport } from "../transport.ts";
import type { Capability } from "../capability.ts";
import { findClockHindrance } from "./clock.ts";
import { findLimitHindrance } from "./limits.ts";
import { missingWireTools } from "./wire/hindrance.ts";
import type { Befall } from "./wire/wire.ts";

export interface Layout extends AsyncDisposable {
  readonly capabilities: ReadonlySet<Capability>;
  /** A directory for what must not outlive the run, the harness's death included. */
  readonly scratch: string;
  /** Where the proxy of a link listens. */
  doorOf(link: string): Address;
  /** Another address of the harness's that the client of a link can reach, if there is one beside that of loopback. */
  readonly elsewhereOf?: (link: string) => string;
  /** Where a service listens on what it takes for a natural port. @throws {Error} with `code` ECONNREFUSED if it does not, as far as is known. */
  addressOf(service: string, port: number, transport?: Transport): Address;
  /** Other names and addresses by which the service may be reached. */
  readonly aliasesOf: (service: string) => readonly string[];
  /** Rewrites what a service asks name servers by; undefined if it asks none. */
  readonly resolverOf?: (service: string) => ResolverTarget | undefined;
  /** The harness's own address that is next to the service: whoever acts in its place asks from there. */
  readonly besideOf: (service: string) => string;
  /** Where a client's links lead, once their proxies listen; variables of its environment. */
  namesFor(service: string, doors: ReadonlyMap<string, Address>): Readonly<Record<string, string>>;
  /** The command line that runs a command in the service's place. The process that it starts becomes the command without a fork. */
  enter(service: string, command: readonly string[]): readonly string[];
  /** The service says that it listens. */
  listening(service: string, port: number, address: Address, transport?: Transport): void;
  /** The service has ended, and with it what it listened on. */
  ended(service: string): void;
  /** What befalls the packets of a service, where it has a network of its own. */
  readonly befallOf?: (service: string) => Befall;
  /** Whether a process belongs to this run by where it lives. */
  readonly houses: (pid: number) => boolean;
}

export interface LayoutOptions {
  readonly run: string;
  readonly services: ReadonlyMap<string, Service>;
  readonly links: ReadonlyMap<string, Link>;
}

/** What this world can have at all, where nothing is missing. */
export const localCapabilities: readonly Capability[] = [
  "programs",
  "commands",
  "isolation",
  "natural-ports",
  "outside",
  "limits",
  "cables",
  "packets",
  "clock",
  "child-clocks",
  "scaled-time",
  "timekeepers",
];

export const needsClock: readonly Capability[] = ["clock", "child-clocks", "scaled-time", "timekeepers"];

export function capabilitiesOf({ isolated }: { readonly isolated: boolean }): ReadonlySet<Capability> {
  const missing = new Set<Capability>([
    ...(isolated ? (["outside"] as const) : (["isolation", "natural-ports"] as const)),
    ...(isolated && missingWireTools().length === 0 ? [] : (["cables", "packets"] as const)),
    ...(findLimitHindrance() === undefined ? [] : (["limits"] as const)),
    ...(findClockHindrance() === undefined ? [] : needsClock),
  ]);
  return new Set(localCapabilities.filter((capability) => !missing.has(capability)));
}
