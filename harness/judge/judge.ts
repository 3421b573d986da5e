/**
 * The verdict of a run, from its plan and its history alone: a saved history can be judged again.
 *
 *     plan, history ──► truth of every expression ──► findings ──worst──► verdict
 */
import type { Expression } from "../expression/expression.ts";
import type { HistoryEvent } from "../history/event.ts";
import type { Expectation, Plan } from "../plan/schema.ts";
import { evidenceOf, type Shown } from "./evidence.ts";
import { judgeExpectation, type Judging } from "./expectations.ts";
import { worst, type Finding, type Judgement } from "./finding.ts";
import { impliedFindings } from "./implied.ts";
import { compileCondition, declareSignals } from "./signals.ts";
import { traceTruth, type Interval, type Truth } from "./truth.ts";
import { courseOf, windowsOf } from "./window.ts";

export type { Finding, Judgement, Verdict } from "./finding.ts";

export function judge(plan: Plan, history: readonly HistoryEvent[]): Judgement {
  const judging = prepare(plan, history);
  const judged = plan.expect.map((expectation) => findingOf(expectation, judging));
  const evidence = evidenceOf(
    plan,
    history,
    judged.flatMap(({ shown }) => shown ?? []),
  );
  const findings = [
    ...impliedFindings(plan, history),
    ...judged.map(({ finding, shown }): Finding => {
      const known = shown === undefined ? undefined : evidence.get(shown);
      return known === undefined ? finding : { ...finding, evidence: known };
    }),
  ];
  return { verdict: worst(findings.map(({ verdict }) => verdict)), findings };
}

/** Traces all that the expectations look at, in one pass over the history. */
function prepare(plan: Plan, history: readonly HistoryEvent[]): Judging {
  const compiled = compileAll(plan, plan.expect);
  const truths = traceTruth(plan, history, [...compiled.values()]);
  return judgingOf(plan, history, compiled, truths);
}

/** The expressions of expectations, by their text. */
export function compileAll(plan: Plan, expectations: readonly Expectation[]): ReadonlyMap<string, Expression> {
  const scope = declareSignals(plan);
  const texts = expectations.flatMap((expectation) => [
    expectation.expression,
    ...(expectation.word === "whenever" ? [expectation.then] : []),
  ]);
  return new Map(texts.map((text) => [text, compileCondition(text, scope)]));
}

export function judgingOf(
  plan: Plan,
  history: readonly HistoryEvent[],
  compiled: ReadonlyMap<string, Expression>,
  truths: ReadonlyMap<Expression, Truth>,
): Judging {
  const course = courseOf(plan, history);
  const windows = new Map<string | undefined, readonly Interval[]>();
  return {
    plan,
    history,
    course,
    windows(during) {
      const known = windows.get(during) ?? windowsOf(plan, history, course, during);
      windows.set(during, known);
      return known;
    },
    truthOf(text) {
      const expression = compiled.get(text);
      const truth = expression === undefined ? undefined : truths.get(expression);
      if (truth === undefined) throw new Error(`${text} is no expression of this plan`);
      return truth;
    },
  };
}

interface Judged {
  readonly finding: Finding;
  readonly shown?: Shown;
}

function findingOf(expectation: Expectation, judging: Judging): Judged {
  const { truthOf } = judging;
  const { verdict, reason, position } = judgeExpectation(expectation, judging);
  const { text, name, severity } = expectation;
  const finding: Finding = {
    verdict: verdict === "fail" && severity === "warn" ? "warn" : verdict,
    expectation: text,
    ...(name === undefined ? {} : { name }),
    reason,
    ...(position === undefined ? {} : { at: position.at }),
  };
  if (verdict === "pass" || position === undefined) return { finding };
  const reads = [
    ...truthOf(expectation.expression).expression.reads,
    ...(expectation.word === "whenever" ? truthOf(expectation.then).expression.reads : []),
  ];
  return { finding, shown: { position, reads: [...new Set(reads)] } };
}
