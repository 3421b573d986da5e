/** The faults that are on a link's questions, and which of them a query meets. */
import type { DnsFault } from "../../faults/dns/contract.ts";
import { questionMatcher, type Asked, type QuestionMatch } from "../../faults/dns/match.ts";
import type { Clock } from "../../host/host.ts";
import { subnetOf, type Subnet } from "../../host/subnet.ts";
import { chosen, type Selection } from "../chosen.ts";
import { keyOfDraw, type AskedQuestion, type Concerned, type DnsHit, type Injected, type Meeting } from "./meeting.ts";
import type { Met, Series } from "./questions.ts";
import { createRecent } from "./recent.ts";

/** Ordinals count logical questions that match, for each client, name and type. `scope: new` means those of flows and connections that come from now on. */
export interface DnsInjection extends Omit<Selection, "direction"> {
  readonly fault: DnsFault;
  /** Validated by the fault's schema. */
  readonly parameters: object;
  readonly match?: QuestionMatch;
  /** Once for each query that the fault has really changed something for. */
  readonly onHit: (detail: DnsHit) => void;
}

export interface Injections {
  /** `connections`: how many there have been. */
  add(injection: DnsInjection, connections: number): object;
  remove(owner: object): boolean;
  isEmpty(): boolean;
  /** Whether there is one that such a query meets. */
  concern(asked: Concerned): boolean;
  /** Those that it has met already, and behind them those that it meets now, in the order of their injection. */
  meet(asked: AskedQuestion, already: readonly Meeting[]): readonly Meeting[];
  clear(): void;
}

interface Active extends Injected {
  readonly selection: Omit<Selection, "direction">;
  readonly clients: Subnet | undefined;
  readonly connections: number;
  readonly matches: (asked: Asked) => boolean;
  readonly number: number;
}

const mostRemembered = 10_000;
/** A reply to an earlier try may be as many questions late, and is still counted as what it is. */
const mostNumbers = 8;

export function createInjections(clock: Clock): Injections {
  const active = new Set<Active>();
  const clients = createRecent<{ readonly number: number }>(mostRemembered);
  let seen = 0;
  let injected = 0;

  function ordinalOf(owner: Active, { series, number }: AskedQuestion): number {
    const met = series.met.find(({ injection }) => injection === owner.number) ?? firstMet(owner, series);
    const { numbers, questions } = met;
    for (let ordinal = questions; ordinal > questions - mostNumbers && ordinal > 0; ordinal -= 1)
      if (numbers[ordinal % mostNumbers] === number) return ordinal;
    met.questions += 1;
    numbers[met.questions % mostNumbers] = number;
    return met.questions;
  }

  function firstMet({ number }: Active, series: Series): Met {
    const met: Met = { injection: number, questions: 0, numbers: Array.from({ length: mostNumbers }, () => 0) };
    series.met = [...series.met.filter(({ injection }) => isActive(injection)), met];
    return met;
  }

  function isActive(number: number): boolean {
    return active.values().some((each) => each.number === number);
  }

  function concerns({ selection, clients: meant, connections, matches }: Active, asked: Concerned): boolean {
    if (meant?.contains(asked.client) === false) return false;
    if (selection.scope === "new" && asked.connection <= connections) return false;
    return matches(asked);
  }

  function meetingOf(owner: Active, asked: AskedQuestion): Meeting {
    const ordinal = ordinalOf(owner, asked);
    const clientNumber = clients.of(asked.client, () => ({ number: (seen += 1) })).number;
    const isChosen = chosen(owner.selection, ordinal, (decision, n) =>
      owner.draw(keyOfDraw(clientNumber, asked.question, decision), n),
    );
    return { owner, asked, ordinal, clientNumber, chosen: isChosen, query: undefined, isBound: false, isHit: false };
  }

  return {
    add(injection, connections) {
      const { fault, parameters, match = {}, onHit, draw } = injection;
      injected += 1;
      const each: Active = {
        fault,
        parameters: parameters as Record<string, unknown>,
        state: fault.start(parameters as Record<string, unknown>),
        draw,
        onHit,
        since: clock.wall(),
        isLifted: false,
        selection: injection,
        clients: injection.client === undefined ? undefined : subnetOf(injection.client),
        connections,
        matches: questionMatcher(match),
        number: injected,
      };
      active.add(each);
      return each;
    },
    remove(owner) {
      const each = owner as Active;
      each.isLifted = true;
      return active.delete(each);
    },
    isEmpty: () => active.size === 0,
    concern(asked) {
      for (const each of active) if (concerns(each, asked)) return true;
      return false;
    },
    meet(asked, already) {
      let meetings = already;
      for (const owner of active)
        if (!already.some((meeting) => meeting.owner === owner) && concerns(owner, asked))
          meetings = [...meetings, meetingOf(owner, asked)];
      return meetings;
    },
    clear() {
      for (const each of active) each.isLifted = true;
      active.clear();
    },
  };
}
