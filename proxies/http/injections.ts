/** The faults that are on a link's requests, and which of them a request meets. */
import type { HttpContext, HttpFault } from "../../faults/http/contract.ts";
import { matchesHead, matchesMethod, type RequestMatch } from "../../faults/http/match.ts";
import type { HttpRequest } from "../../faults/http/message.ts";
import { subnetOf, type Subnet } from "../../host/subnet.ts";
import type { Caller } from "../caller.ts";
import { chosen, type Selection } from "../chosen.ts";

/** Ordinals count the requests that match. `scope: new` means those on connections that come from now on. */
export interface HttpInjection extends Omit<Selection, "direction"> {
  readonly fault: HttpFault;
  /** Validated by the fault's schema. */
  readonly parameters: object;
  readonly match?: RequestMatch;
  /** Once for each request that the fault has really changed something for. */
  readonly onHit: (detail: HttpHit) => void;
}

/** `request`: which one of its connection, counted from 1. */
export type HttpHit = Asked & Readonly<Record<string, unknown>>;

/** Over which connection it came. */
export interface Arrival extends Caller {
  /** Of the proxy's own, counted from 1. */
  readonly ordinal: number;
}

/** As it is told of: what it was at first, whatever faults have made of it. */
export interface Asked {
  readonly connection: number;
  readonly request: number;
  readonly method: string;
  readonly path: string;
}

/** A fault that a request has met. */
export interface Meeting {
  readonly fault: HttpFault;
  readonly parameters: Record<string, unknown>;
  readonly state: object;
  readonly context: HttpContext;
  /** False if the request matches, but `nth` and the like leave it alone. */
  readonly chosen: boolean;
  readonly lifted: AbortSignal;
  hit(): void;
}

export interface Asking {
  readonly request: HttpRequest;
  readonly asked: Asked;
  readonly arrival: Arrival;
}

export interface Injections {
  /** `connections`: how many there have been. */
  add(injection: HttpInjection, connections: number): AsyncDisposable;
  isEmpty(): boolean;
  /** Whether somebody asks which method of XML-RPC it calls. */
  wantsMethod(request: HttpRequest, arrival: Arrival): boolean;
  /** Those that it has not met yet, in the order of their injection. */
  meet(asking: Asking, method: string | undefined, met: Set<object>): readonly Meeting[];
  clear(): void;
}

interface Active {
  readonly injection: HttpInjection;
  readonly connections: number;
  readonly clients: Subnet | undefined;
  readonly state: object;
  readonly lifted: AbortController;
  met: number;
}

export function createInjections(): Injections {
  const active = new Set<Active>();
  const concerns = ({ injection, connections, clients }: Active, request: HttpRequest, arrival: Arrival): boolean =>
    (injection.scope !== "new" || arrival.ordinal > connections) &&
    clients?.contains(arrival.client().host) !== false &&
    matchesHead(injection.match ?? {}, request);

  function remove(each: Active): void {
    active.delete(each);
    each.lifted.abort();
  }

  return {
    add(injection, connections) {
      const { fault, parameters } = injection;
      const clients = injection.client === undefined ? undefined : subnetOf(injection.client);
      const state = fault.start(parameters as Record<string, unknown>);
      const each: Active = { injection, connections, clients, state, lifted: new AbortController(), met: 0 };
      active.add(each);
      return { [Symbol.asyncDispose]: async () => remove(each) };
    },
    isEmpty: () => active.size === 0,
    wantsMethod: (request, arrival) =>
      [...active].some(
        (each) => each.injection.match?.xml_rpc_method !== undefined && concerns(each, request, arrival),
      ),
    meet: ({ request, asked, arrival }, method, met) =>
      [...active].flatMap((each): readonly Meeting[] => {
        if (met.has(each)) return [];
        met.add(each);
        const { injection, state, lifted } = each;
        if (!concerns(each, request, arrival) || !matchesMethod(injection.match ?? {}, method)) return [];
        each.met += 1;
        const ordinal = each.met;
        let told = false;
        return [
          {
            fault: injection.fault,
            parameters: injection.parameters as Record<string, unknown>,
            state,
            context: { ordinal, draw: (decision, n) => injection.draw(`${ordinal}.${decision}`, n) },
            chosen: chosen(injection, ordinal),
            lifted: lifted.signal,
            hit() {
              if (told) return;
              told = true;
              injection.onHit({ ...asked });
            },
          },
        ];
      }),
    clear() {
      for (const each of active) remove(each);
    },
  };
}
