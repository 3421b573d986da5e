/**
 * What every plan expects without saying so: that the run came to its end, that each phase got where it was going, and that each fault hit.
 *
 * A test that did not test is not passed. So a fault that never hit (unless `may_miss`), a warm-up that timed out, an abort, trouble in the harness
 * and a harness that was late or stood still are all `unknown`. A later phase that does not become steady again is the system's failure: `fail`.
 */
import { compileExpression } from "../expression/expression.ts";
import type { HistoryEvent } from "../history/event.ts";
import type { Phase, Plan, Step } from "../plan/schema.ts";
import { evidenceAt } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import { createMonitor } from "./monitor.ts";
import { declareSignals } from "./signals.ts";
import { mostLate, stalledWithin, stallsOf } from "./stall.ts";
import { courseOf, warmUpOf } from "./window.ts";
import { roundedDuration } from "./wording.ts";
import { repertoireIn } from "../plan/repertoire.ts";

export function impliedFindings(plan: Plan, history: readonly HistoryEvent[]): readonly Finding[] {
  // A run that was cut short has its reason; that its later steps did not come is no news.
  const complete = courseOf(plan, history).cut === undefined;
  return [
    ...troubles(history),
    ...stalls(plan, history),
    ...plan.phases.flatMap((phase) => phaseFindings(plan, history, phase, phase === warmUpOf(plan))),
    ...stepsOf(plan).flatMap((step) => stepFindings(plan, step, history, complete)),
  ];
}

function troubles(history: readonly HistoryEvent[]): readonly Finding[] {
  const findings = history.flatMap((event): Finding[] => {
    if (event.event === "run.trouble") {
      const log = (event.log ?? []).map((line) => `\n${line}`).join("");
      return [
        { verdict: "unknown", expectation: "the run goes as planned", reason: `${event.reason}${log}`, at: event.at },
      ];
    }
    if (event.event === "run.abort")
      return [
        {
          verdict: "unknown",
          expectation: "the run is not aborted",
          reason: `the plan aborts: ${event.reason}`,
          at: event.at,
        },
      ];
    return [];
  });
  if (findings.length > 0 || history.some(({ event }) => event === "run.end")) return findings;
  return [
    {
      verdict: "unknown",
      expectation: "the run goes as planned",
      reason: "the history breaks off: the harness did not live to the end of the run",
    },
  ];
}

/** From the first phase on: to start services takes all of a machine, and nobody is put to any test yet. */
function stalls(plan: Plan, history: readonly HistoryEvent[]): readonly Finding[] {
  const began = history.find(({ event }) => event === "phase.begin")?.at ?? Infinity;
  return history.flatMap((event): Finding[] => {
    if (event.event !== "run.late" || event.by <= mostLate(plan) || event.at <= began) return [];
    const reason = `the harness itself stood still for ${roundedDuration(event.by)}: what happened then nobody saw, and nothing was passed on`;
    return [{ verdict: "unknown", expectation: "the harness keeps time", reason, at: event.at - event.by }];
  });
}

function phaseFindings(
  plan: Plan,
  history: readonly HistoryEvent[],
  phase: Phase,
  isWarmUp: boolean,
): readonly Finding[] {
  if (phase.until === undefined) return [];
  const index = history.findIndex((event) => event.event === "phase.end" && event.phase === phase.name);
  const end = history[index];
  if (end?.event !== "phase.end") return [];
  const { at, outcome } = end;
  const expectation = `phase ${phase.name} until ${phase.until}`;
  if (outcome !== "timeout") return [];
  const position = { index, at };
  const time = roundedDuration(phase.timeout ?? 0);
  if (phase.until !== "steady") {
    const { reads } = compileExpression(phase.until, declareSignals(plan));
    const reason = `${phase.name} did not come to its end within ${time}: ${phase.until} was not reached`;
    return [{ verdict: "unknown", expectation, reason, at, evidence: evidenceAt(plan, history, { position, reads }) }];
  }
  const monitor = createMonitor(plan);
  for (const event of history.slice(0, index)) monitor.apply(event);
  monitor.advance(at);
  const unsteady = monitor.unsteady();
  const which = unsteady.length === 0 ? "" : `; still not so: ${unsteady.map(({ text }) => text).join("; ")}`;
  const again = isWarmUp
    ? `the system did not become steady within ${time}, so that nothing was tested`
    : `the system did not become steady again within ${time}`;
  const evidence = evidenceAt(plan, history, {
    position,
    reads: [...new Set(unsteady.flatMap(({ reads }) => reads))],
  });
  const stalled = stalledWithin(stallsOf(plan, history), at - (phase.timeout ?? 0), at);
  const generic: Finding = {
    verdict: isWarmUp || stalled ? "unknown" : "fail",
    expectation,
    reason: `${again}${which}`,
    at,
    evidence,
  };
  // A control may name one of the steady expectations: each that is broken has a finding of its own.
  const each = isWarmUp
    ? []
    : unsteady.map(({ text, name }): Finding => ({
        ...generic,
        expectation: text,
        ...(name === undefined ? {} : { name }),
        reason: again,
      }));
  return each.length > 0 ? each : [generic];
}

/** Occurrences that are written out are one step: it is enough if one of them hits. */
function stepsOf({ phases }: Plan): readonly Step[] {
  const byName = Map.groupBy(
    phases.flatMap(({ faults }) => faults),
    ({ name }) => name,
  );
  return [...byName.values()].flatMap(([first, ...others]) =>
    first === undefined
      ? []
      : [
          {
            ...first,
            choices: [first, ...others].flatMap(({ choices }) => choices),
            may_miss: [first, ...others].every((step) => step.may_miss),
          },
        ],
  );
}

function stepFindings(plan: Plan, step: Step, history: readonly HistoryEvent[], complete: boolean): readonly Finding[] {
  const named = `step ${step.name}`;
  const kinds = [...new Set(step.choices.flatMap(({ kind }) => (kind === undefined ? [] : [kind])))];
  if (kinds.length === 0) return [];
  const described = kinds.includes(step.name) ? named : `${named} (${kinds.join(" or ")})`;
  const injections = history.filter((event) => event.event === "fault.inject" && event.step === step.name);
  const hits = history.filter((event) => event.event === "fault.hit" && event.step === step.name).length;
  const late = latenessOf(plan, described, step, history);
  const expectation = `${named} hits`;
  if (hits > 0)
    return [...late, { verdict: "pass", expectation, reason: `it hit ${hits === 1 ? "once" : `${hits} times`}` }];
  if (step.may_miss) return [...late, { verdict: "pass", expectation, reason: "it hit nothing, as it may" }];
  if (!complete && injections.length === 0) return late;
  const reason =
    injections.length === 0 ? `${described} was never injected` : `${described} hit nothing${whyOf(kinds, plan)}`;
  return [...late, { verdict: "unknown", expectation, reason }];
}

function whyOf(kinds: readonly string[], plan: Plan): string {
  const repertoire = repertoireIn(plan);
  const reasons = new Set(kinds.flatMap((kind) => repertoire.get(kind)?.missed ?? []));
  return [...reasons].map((reason) => `: ${reason}`).join("");
}

/** One finding a step, of the occurrence that was the latest. */
function latenessOf(plan: Plan, described: string, step: Step, history: readonly HistoryEvent[]): readonly Finding[] {
  const lifted = new Map(
    history.flatMap((event) =>
      event.event === "fault.lift" && event.step === step.name ? [[event.occurrence, event.at] as const] : [],
    ),
  );
  const late = history
    .filter((event) => event.event === "fault.inject")
    .filter((event) => event.step === step.name)
    // A fault that came late by more than a tenth of its own length is not the one that was promised.
    .filter(({ at, late: by, occurrence }) => by > Math.max(mostLate(plan), ((lifted.get(occurrence) ?? at) - at) / 10))
    .toSorted((one, other) => other.late - one.late);
  const [worst] = late;
  if (worst === undefined) return [];
  const times = late.length === 1 ? "" : `, and too late ${late.length} times in all`;
  const reason = `${described} came ${roundedDuration(worst.late)} late${times}: this machine is too busy for the plan`;
  return [{ verdict: "unknown", expectation: `step ${step.name} on time`, reason, at: worst.at }];
}
