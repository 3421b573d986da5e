/**
 * Swarm testing (Groce et al., ISSTA 2012): on top of a plan's own faults, for each seed a random subset of all kinds, and then occurrences of
 * those at random strengths, times, lengths and places. A run in which few kinds meet often finds what a run with a bit of everything does not.
 *
 *     plan, seed ──► kinds ──► lanes ──► occurrences ──► the same plan with steps mix-1, mix-2, …
 *
 * A lane holds one occurrence at a time, so that there are never more at once than lanes. Each step happens once, at a time that it states:
 * what comes out is an ordinary plan, which can be run again, read, and made smaller. Every draw is `H(seed, "mix", …)`.
 */
import { formatDuration } from "../../faults/units.ts";
import { uniform } from "../../faults/random.ts";
import { isFaultOfLink } from "../../faults/registry.ts";
import { faultKey } from "../../faults/key.ts";
import { widestMix } from "../plan/document/mix.ts";
import type { Mix } from "../plan/document/mix.ts";
import { isRecord, listAt } from "../plan/raw.ts";
import type { Raw } from "../plan/raw.ts";
import type { Phase, Plan, PlanDocument, Written } from "../plan/schema.ts";
import { candidatesOf } from "./candidates.ts";
import type { Candidate } from "./candidates.ts";
import { drawParameters, pick } from "./parameters.ts";
import type { Uniform } from "./parameters.ts";

/** So many times at most does a lane take its turn in one phase. */
const mostTurns = 4;
/** The shortest that something lasts, unless there is less room: what is shorter hardly ever meets anything. */
const shortestMs = 50;
/** A phase that ends on a condition ends sooner than its timeout, so that times are drawn by orders of magnitude from this one on. */
const earliestMs = 10;

/** `plan` is bound to its cell. @throws {RangeError} if there is nothing to draw from, or no time to do it; see `lackOfMix`. */
export function mixInto(plan: Plan, seed: number): PlanDocument {
  const mix = plan.mix ?? widestMix;
  const kinds = someOf(candidatesOf(plan, mix), seed);
  const [first, ...rest] = kinds;
  if (first === undefined) throw new RangeError(`there is no fault to mix into ${plan.plan}`);
  const names = freeNames(plan);
  const phases = mixedPhases(plan);
  const steps = new Map(
    phases.map((phase) => [
      phase.name,
      occurrencesIn(phase, { mix, kinds: [first, ...rest], seed }).map((occurrence) => stepOf(occurrence, names)),
    ]),
  );
  return {
    ...plan.document,
    phases: listAt(plan.document, "phases").map((raw, index): Written => {
      const added = steps.get(plan.phases[index]?.name ?? "") ?? [];
      return isRecord(raw) && added.length > 0 ? { ...raw, faults: [...listAt(raw, "faults"), ...added] } : raw;
    }),
  };
}

/** Why nothing can be mixed into a plan, and what to write; undefined if it can. */
export function lackOfMix(plan: Plan): string | undefined {
  if (mixedPhases(plan).length === 0)
    return "there is no phase to mix faults into: write one with for, such as { name: storm, for: 60s }";
  if (candidatesOf(plan, plan.mix ?? widestMix).length > 0) return undefined;
  return plan.mix?.faults === undefined && plan.mix?.where === undefined
    ? "no fault fits it: it needs a link, or a service"
    : "no fault fits the bounds that its mix states: write other faults, or another where";
}

/**
 * Those between the warm-up and the phase in which the system heals. Where no such frame is to be seen, all whose length is known.
 */
function mixedPhases({ phases }: Plan): readonly Phase[] {
  const framed = phases.length > 2 && phases[0]?.until === "steady" && phases.at(-1)?.until !== undefined;
  return framed ? phases.slice(1, -1) : phases.filter((phase) => phase.for !== undefined);
}

/** Every kind is in with one chance in two, and at least one is. */
function someOf(candidates: readonly Candidate[], seed: number): readonly Candidate[] {
  const ranked = candidates.map((candidate) => ({
    candidate,
    rank: uniform(seed, ["mix", "kind", candidate.fault.kind]),
  }));
  const lowest = Math.min(...ranked.map(({ rank }) => rank));
  return ranked.filter(({ rank }) => rank < 0.5 || rank === lowest).map(({ candidate }) => candidate);
}

interface MixedOccurrence {
  readonly at: number;
  readonly for: number;
  readonly candidate: Candidate;
  readonly place: string;
  readonly parameters: Readonly<Record<string, Written>>;
  readonly direction: "upstream" | "downstream" | "both" | undefined;
}

interface Ingredients {
  readonly mix: Mix;
  readonly kinds: readonly [Candidate, ...Candidate[]];
  readonly seed: number;
}

function occurrencesIn(phase: Phase, { mix, kinds, seed }: Ingredients): readonly MixedOccurrence[] {
  const lanes = 1 + Math.floor(mix.at_most * uniform(seed, ["mix", phase.name, "lanes"]));
  const kept: MixedOccurrence[] = [];
  for (let lane = 0; lane < lanes; lane++) {
    const turns = 1 + Math.floor(mostTurns * uniform(seed, ["mix", phase.name, lane, "turns"]));
    for (let turn = 0; turn < turns; turn++) {
      const draw: Uniform = (decision) => uniform(seed, ["mix", phase.name, lane, turn, decision]);
      const time = timeOf(phase, turn, turns, draw);
      const candidate = pick(kinds, draw("kind"));
      const { fault, places } = candidate;
      const place = pick(places as readonly [string, ...string[]], draw("place"));
      if (time === undefined || kept.some((other) => clash(other, time, candidate, place))) continue;
      const parameters = drawParameters(fault, mix.strength, draw);
      kept.push({ ...time, candidate, place, parameters, direction: directionOf(candidate, draw("direction")) });
    }
  }
  return kept.toSorted((one, other) => one.at - other.at);
}

/** Two of one kind at one place are one: lifting the first would look as if the second had been lifted. */
function clash(
  other: MixedOccurrence,
  time: { readonly at: number; readonly for: number },
  { fault }: Candidate,
  place: string,
): boolean {
  const together = time.at <= other.at + other.for && other.at <= time.at + time.for;
  return together && other.place === place && other.candidate.fault.kind === fault.kind;
}

/** Within the turn's share of the phase, in whole milliseconds; undefined if it has no room. */
function timeOf(
  phase: Phase,
  turn: number,
  turns: number,
  draw: Uniform,
): { readonly at: number; readonly for: number } | undefined {
  const whole = phase.for ?? phase.timeout ?? 0;
  const moment = (share: number): number =>
    Math.floor(phase.for === undefined ? between(Math.min(earliestMs, whole), whole, share) : whole * share);
  const at = moment((turn + draw("at")) / turns);
  const room = moment((turn + 1) / turns) - at;
  if (room < 2) return undefined;
  // One millisecond stays free, so that what follows in this lane begins when this is over.
  return { at, for: Math.max(1, Math.floor(between(Math.min(shortestMs, room), room, draw("for"))) - 1) };
}

/** By orders of magnitude. */
function between(low: number, high: number, share: number): number {
  return low * (high / low) ** share;
}

/** Mostly where the fault acts by itself. */
function directionOf({ fault }: Candidate, drawn: number): MixedOccurrence["direction"] {
  if (!isFaultOfLink(fault) || !("direction" in fault) || drawn < 0.5) return undefined;
  if (fault.plane === "tcp" && (fault.door !== undefined || fault.only !== undefined)) return undefined;
  return pick(["upstream", "downstream", "both"], drawn * 2 - 1);
}

function stepOf(occurrence: MixedOccurrence, names: Iterator<string, never>): Raw {
  const { at, candidate, place, parameters, direction } = occurrence;
  const { fault } = candidate;
  return {
    name: names.next().value,
    [faultKey(fault.kind)]: parameters,
    where: place,
    at: formatDuration(at),
    ...(fault.pulse ? {} : { for: formatDuration(occurrence.for) }),
    ...(direction === undefined ? {} : { direction }),
    may_miss: true,
  };
}

function* freeNames({ phases }: Plan): Generator<string, never> {
  const taken = new Set(phases.flatMap((phase) => [phase.name, ...phase.faults.map(({ name }) => name)]));
  for (let n = 1; ; n++) if (!taken.has(`mix-${n}`)) yield `mix-${n}`;
}
