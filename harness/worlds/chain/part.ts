/** A proxy of a link: whole in itself, it listens, and leads to an address, so that none knows of another. */
import type { Address, Host } from "../../../host/host.ts";
import { faults, type FaultOfLink } from "../../../faults/registry.ts";
import type { TurnedAway } from "../../../proxies/tcp/door.ts";
import { WorldError } from "../../errors.ts";
import type { Happening, RecordEvent } from "../../history/event.ts";
import type { Transport } from "../transport.ts";
import type { LinkInjection, OnHit } from "../links.ts";

export interface PartOptions {
  /** Of the link. */
  readonly name: string;
  readonly host: Host;
  readonly listen: Address;
  /** Where what comes next is: another part, or the server; by default over what the link is carried by. */
  readonly server: (transport?: Transport) => Promise<Address>;
  /** What the server's certificate is for; the first is what the client calls it. By default the link's name, for want of another. */
  readonly names?: readonly string[];
  /** The server, whatever comes next. */
  readonly target?: () => Promise<Address>;
  readonly record: RecordEvent;
}

export interface Part extends AsyncDisposable {
  readonly address: Address;
  /** @throws {WorldError} if there is none of that kind for its plane. */
  inject(injection: LinkInjection, onHit: OnHit): AsyncDisposable | Promise<AsyncDisposable>;
  /** Somebody saw that a connect failed at the door (`TcpProxy.turnedAway`). */
  turnedAway(how: TurnedAway): void;
}

/** Events of a proxy, in the words of the history. */
export function recorder(what: string, link: string, record: RecordEvent): (event: { readonly type: string }) => void {
  return ({ type, ...details }) => record({ event: `${what}.${type}`, link, ...details } as Happening);
}

export function faultOfLink<Plane extends FaultOfLink["plane"]>(kind: string, plane: Plane) {
  const fault = faults.get(kind);
  if (fault?.plane !== plane)
    throw new WorldError(`no fault of ${plane} links is called ${kind}: see "sinbin faults ${plane}"`);
  return fault as Extract<FaultOfLink, { readonly plane: Plane }>;
}

/** The keys of a plan are in snake_case. */
export function selectionOf({
  every_nth: everyNth,
  leg: _place,
  ...match
}: LinkInjection["match"]): Readonly<Record<string, unknown>> {
  return everyNth === undefined ? match : { ...match, everyNth };
}
