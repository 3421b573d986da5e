/** The faults that are on a link's questions, and which of them a query meets. */
import type { DnsContext, DnsFault } from "../../faults/dns/contract.ts";
import { questionMatcher, type Asked, type QuestionMatch } from "../../faults/dns/match.ts";
import type { Clock } from "../../host/host.ts";
import { subnetOf, type Subnet } from "../../host/subnet.ts";
import { chosen, type Selection } from "../chosen.ts";
import type { Logical } from "./questions.ts";
import { createRecent, type Recent } from "./recent.ts";

/** Ordinals count logical questions that match, for each client, name and type. `scope: new` means those of flows and connections that come from now on. */
export interface DnsInjection extends Omit<Selection, "direction"> {
  readonly fault: DnsFault;
  /** Validated by the fault's schema. */
  readonly parameters: object;
  readonly match?: QuestionMatch;
  /** Once for each query that the fault has really changed something for. */
  readonly onHit: (detail: DnsHit) => void;
}

export type DnsHit = {
  readonly connection: number;
  readonly name: string;
  readonly type: string;
  readonly ordinal: number;
  readonly attempt: number;
};

/** A query, as far as it matters for whom it meets. */
export interface Concerned extends Asked {
  readonly connection: number;
  /** The client's address. */
  readonly client: string;
}

export interface AskedQuestion extends Concerned {
  /** The client's address with its port. */
  readonly socket: string;
  readonly logical: Logical;
  /** Which try of it. */
  readonly attempt: number;
}

/** A fault that a query has met. */
export interface Meeting {
  /** By which it is lifted. */
  readonly owner: object;
  readonly fault: DnsFault;
  readonly parameters: Record<string, unknown>;
  readonly state: object;
  readonly context: Omit<DnsContext, "now" | "sizeOf">;
  /** False if the query matches, but `nth` and the like leave it alone. */
  readonly chosen: boolean;
  isLifted(): boolean;
  /** It has changed the query, and must see the reply to it, also if it is lifted by then: the reply is no answer to what the client has asked. */
  bind(): void;
  hit(): void;
}

export interface Injections {
  /** `connections`: how many there have been. */
  add(injection: DnsInjection, connections: number): object;
  remove(owner: object): boolean;
  isEmpty(): boolean;
  /** Whether there is one that such a query meets. */
  concern(asked: Concerned): boolean;
  /** Those that it has not met yet, in the order of their injection. */
  meet(asked: AskedQuestion, met: object[]): readonly Meeting[];
  clear(): void;
}

interface Active {
  readonly injection: DnsInjection;
  readonly clients: Subnet | undefined;
  readonly connections: number;
  readonly matches: (asked: Asked) => boolean;
  readonly state: object;
  /** Unix time. */
  readonly since: number;
  readonly number: number;
  /** How many logical questions of each key it has met. */
  readonly counts: Recent<{ met: number }>;
}

/** Clients are told apart by their order, not by their addresses, which may be others in the next run. */
const mostRemembered = 10_000;

export function createInjections(clock: Clock): Injections {
  const active = new Set<Active>();
  const clients = createRecent<{ readonly number: number }>(mostRemembered);
  let seen = 0;
  let injected = 0;

  function ordinalOf({ counts, number }: Active, logical: Logical): number {
    const known = logical.ordinals.find(({ injection }) => injection === number);
    if (known !== undefined) return known.ordinal;
    const count = counts.of(logical.key, () => ({ met: 0 }));
    count.met += 1;
    const ordinal = count.met;
    logical.ordinals.push({ injection: number, ordinal });
    return ordinal;
  }

  function numberOf(client: string): number {
    return clients.of(client, () => ({ number: (seen += 1) })).number;
  }

  function concerns({ injection, clients: meant, connections, matches }: Active, asked: Concerned): boolean {
    if (meant?.contains(asked.client) === false) return false;
    if (injection.scope === "new" && asked.connection <= connections) return false;
    return matches(asked);
  }

  function meetingOf(each: Active, asked: AskedQuestion): Meeting {
    const { injection, state, since } = each;
    const { fault, parameters, draw, onHit } = injection;
    const { question, transport, client, socket, connection, logical, attempt } = asked;
    const ordinal = ordinalOf(each, logical);
    const number = numberOf(client);
    const keyed = (decision: string, n: number): number =>
      draw(`${number}.${question.name.toLowerCase()}.${question.type}.${decision}`, n);
    let told = false;
    let isBound = false;
    return {
      owner: each,
      fault,
      parameters: parameters as Record<string, unknown>,
      state,
      context: {
        ordinal,
        attempt,
        transport,
        client,
        socket,
        since,
        draw: (decision, n) => keyed(`${ordinal}.${decision}`, n),
      },
      chosen: chosen(injection, ordinal, keyed),
      isLifted: () => !isBound && !active.has(each),
      bind() {
        isBound = true;
      },
      hit() {
        if (told) return;
        told = true;
        onHit({ connection, name: question.name, type: question.type, ordinal, attempt });
      },
    };
  }

  return {
    add(injection, connections) {
      const state = injection.fault.start(injection.parameters as Record<string, unknown>);
      const since = clock.wall();
      const meant = injection.client === undefined ? undefined : subnetOf(injection.client);
      const matches = questionMatcher(injection.match ?? {});
      injected += 1;
      const counted = { number: injected, counts: createRecent<{ met: number }>(mostRemembered) };
      const each = { injection, clients: meant, connections, matches, state, since, ...counted };
      active.add(each);
      return each;
    },
    remove: (owner) => active.delete(owner as Active),
    isEmpty: () => active.size === 0,
    concern(asked) {
      for (const each of active) if (concerns(each, asked)) return true;
      return false;
    },
    meet(asked, met) {
      const meetings: Meeting[] = [];
      for (const each of active) {
        if (met.includes(each) || !concerns(each, asked)) continue;
        met.push(each);
        meetings.push(meetingOf(each, asked));
      }
      return meetings;
    },
    clear: () => active.clear(),
  };
}
