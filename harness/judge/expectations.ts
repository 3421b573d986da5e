/**
 * The words of expectations, as pure functions of the history.
 *
 * - A run-level expectation is judged from the end of the warm-up to the end of the run; `during` narrows that to a phase or to the occurrences of
 *   a step. `sometimes` looks at the whole run.
 * - A condition on a value that is not known is neither true nor false there: `always` and `never` are not broken by it, `eventually`, `whenever`
 *   and `sometimes` not met. One that is never known in its whole window can't be judged: `unknown`.
 * - `always`, `never`: broken if it is false (true) for longer than `for`; without `for`, for any moment. `never EVENT`: it does not happen.
 * - `eventually`: true at some moment within `within` after the last fault was lifted; with `during`, after that phase or occurrence began.
 * - `whenever`: each time that the condition becomes true (the event happens) in the window, `then` is true (happens) at some moment from then to
 *   `within` later. More misses than `tolerate` break it. Without any occasion nothing was tested: `unknown`,
 *   unless it says `may_miss`.
 * - `at_end`: true just before the run ends. `sometimes`: true (happened) at least once, else `unknown`: nothing was tested.
 * - What would need a moment after the end of the history is `unknown`, and `pending` says until when the run has to go on.
 */
import type { HistoryEvent } from "../history/event.ts";
import type { Expectation, Plan } from "../plan/schema.ts";
import type { Verdict } from "./finding.ts";
import {
  before,
  everKnown,
  firstTrue,
  intervals,
  occasions,
  type Interval,
  type Position,
  type Truth,
} from "./truth.ts";
import { windowsOf, type Course } from "./window.ts";
import { roundedDuration } from "./wording.ts";

export interface Outcome {
  readonly verdict: Verdict;
  readonly reason: string;
  /** The moment that decided. */
  readonly position?: Position;
  /** Undecided until this time. */
  readonly pending?: number;
}

export interface Judging {
  readonly plan: Plan;
  readonly history: readonly HistoryEvent[];
  readonly course: Course;
  readonly truthOf: (expression: string) => Truth;
}

const times = (count: number): string => (count === 1 ? "once" : `${count} times`);

export function judgeExpectation(expectation: Expectation, judging: Judging): Outcome {
  const { plan, history, course, truthOf } = judging;
  const truth = truthOf(expectation.expression);
  const failure = truth.failure ?? (expectation.word === "whenever" ? truthOf(expectation.then).failure : undefined);
  if (failure !== undefined)
    return { verdict: "unknown", reason: `it could not be computed: ${failure.message}`, position: failure };
  const inWindows = (judgeIn: (windows: readonly Interval[]) => Outcome): Outcome => {
    const windows = windowsOf(plan, history, course, expectation.during);
    if (windows.length > 0) return judgeIn(windows);
    return notTested(course.cut ?? `${expectation.during ?? "the run"} never began`);
  };
  switch (expectation.word) {
    case "always":
    case "never":
      return inWindows((windows) => holds(expectation.word, truth, windows, expectation.for));
    case "eventually":
      return inWindows((windows) => eventually(truth, expectation, windows, judging));
    case "whenever":
      return inWindows((windows) => whenever(truth, truthOf(expectation.then), expectation, windows, course));
    case "at_end":
      return atEnd(truth, course);
    case "sometimes":
      return sometimes(truth, course);
    default:
      return expectation satisfies never;
  }
}

function notTested(reason: string): Outcome {
  return { verdict: "unknown", reason: `it was not put to the test: ${reason}` };
}

function holds(word: "always" | "never", truth: Truth, windows: readonly Interval[], grace: number): Outcome {
  for (const window of windows) {
    if (truth.expression.type === "event") {
      const [happened, ...more] = occasions(truth, window);
      if (word === "never" && happened !== undefined) {
        return {
          verdict: "fail",
          reason: more.length === 0 ? "it happened" : `it happened ${times(more.length + 1)}`,
          position: happened,
        };
      }
      continue;
    }
    for (const { from, to } of intervals(truth, word === "never", window)) {
      const length = to.at - from.at;
      if (grace > 0 && length <= grace) continue;
      const state = word === "never" ? "true" : "not true";
      const reason = `it was ${state} for ${roundedDuration(length)}${grace > 0 ? `, longer than ${roundedDuration(grace)}` : ""}`;
      return { verdict: "fail", reason: length === 0 ? `it was ${state}` : reason, position: from };
    }
  }
  if (!windows.some((window) => everKnown(truth, window))) return unknowable(truth);
  return { verdict: "pass", reason: word === "always" ? "it was true all the time" : "it was never true" };
}

function unknowable({ expression }: Truth): Outcome {
  return {
    verdict: "unknown",
    reason: `it could not be judged: ${expression.reads.join(", ")} was not known at any time`,
  };
}

function eventually(
  truth: Truth,
  { within, during }: Expectation & { readonly word: "eventually" },
  windows: readonly Interval[],
  { history, course: { whole, cut, quiet } }: Judging,
): Outcome {
  if (during === undefined && quiet === undefined) {
    return notTested(cut ?? "a fault was never lifted, so that there was nothing to recover from");
  }
  const starts = during === undefined && quiet !== undefined ? [quiet] : windows.map(({ from }) => from);
  let latest: Outcome = { verdict: "pass", reason: "it became true" };
  for (const from of starts) {
    const deadline = from.at + within;
    const reached = firstTrue(truth, { from, to: whole.to });
    if (reached !== undefined && reached.at <= deadline) {
      const waited = reached.at - from.at;
      if (latest.verdict === "pass")
        latest = { verdict: "pass", reason: `it became true after ${roundedDuration(waited)}`, position: reached };
      continue;
    }
    const since = during === undefined ? "after the last fault was lifted" : `after ${during} began`;
    if (whole.to.at < deadline) {
      const reason = `the run ended before the ${roundedDuration(within)} that it had were over`;
      latest =
        cut === undefined ? { verdict: "unknown", reason, position: whole.to, pending: deadline } : notTested(cut);
    } else {
      const reason = `it did not become true within ${roundedDuration(within)} ${since}`;
      return { verdict: "fail", reason, position: positionAt(history, deadline, whole.to) };
    }
  }
  return latest;
}

function positionAt(history: readonly HistoryEvent[], at: number, end: Position): Position {
  const index = history.findIndex((event) => event.at > at);
  return index < 0 || index >= end.index ? end : { index, at };
}

function whenever(
  truth: Truth,
  answer: Truth,
  { then, within, tolerate, may_miss }: Expectation & { readonly word: "whenever" },
  windows: readonly Interval[],
  { whole, cut }: Course,
): Outcome {
  const all = windows.flatMap((window) => occasions(truth, window));
  const unanswered = all.filter((from) => {
    const reached = firstTrue(answer, { from, to: whole.to });
    return reached === undefined || reached.at > from.at + within;
  });
  const open = unanswered.filter(({ at }) => at + within > whole.to.at);
  const missed = unanswered.filter(({ at }) => at + within <= whole.to.at);
  const allowed = "count" in tolerate ? tolerate.count : Math.floor(tolerate.share * all.length + 1e-9);
  const [first] = missed;
  if (first !== undefined && missed.length > allowed) {
    const tolerance = allowed > 0 ? `; ${allowed} would have been tolerated` : "";
    const reason = `${then} did not follow within ${roundedDuration(within)} on ${missed.length} of ${all.length} occasions${tolerance}`;
    return { verdict: "fail", reason, position: first };
  }
  if (missed.length + open.length > allowed) {
    const deadline = Math.max(...open.map(({ at }) => at + within));
    if (cut !== undefined) return notTested(cut);
    const reason = `the run ended before the ${roundedDuration(within)} that ${then} had were over`;
    return { verdict: "unknown", reason, position: whole.to, pending: deadline };
  }
  if (all.length === 0) {
    const reason = "there was no occasion";
    return may_miss
      ? { verdict: "pass", reason }
      : { verdict: "unknown", reason: cut ?? `${reason}: nothing was tested`, position: whole.to };
  }
  const tolerated = missed.length === 0 ? "" : `, ${missed.length} missed and tolerated`;
  return {
    verdict: "pass",
    reason: `it was so on ${all.length === 1 ? "the one occasion" : `${all.length} occasions`}${tolerated}`,
  };
}

function atEnd(truth: Truth, { whole, cut }: Course): Outcome {
  if (cut !== undefined) return notTested(cut);
  if (truth.expression.type === "event") {
    const happened = truth.happenings.some((at) => !before(whole.to, at));
    return happened
      ? { verdict: "pass", reason: "it has happened" }
      : { verdict: "fail", reason: "it has not happened", position: whole.to };
  }
  const last = truth.changes.findLast((change) => !before(whole.to, change));
  if (last?.value === undefined)
    return {
      ...unknowable(truth),
      reason: "it could not be judged: not all of it was known at the end",
      position: whole.to,
    };
  return last.value
    ? { verdict: "pass", reason: "it was true" }
    : { verdict: "fail", reason: "it was not true at the end", position: whole.to };
}

function sometimes(truth: Truth, { whole, cut }: Course): Outcome {
  const reached = firstTrue(truth, whole);
  if (reached !== undefined) return { verdict: "pass", reason: "it was so", position: reached };
  if (cut !== undefined) return notTested(cut);
  return { verdict: "unknown", reason: "it was never so: what it stands for was not tested", position: whole.to };
}
