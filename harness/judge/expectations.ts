/**
 * The words of expectations, as pure functions of the history.
 *
 * - A run-level expectation is judged from the end of the warm-up to the end of the run; `during` narrows that to a phase or to the occurrences of
 *   a step. `sometimes` looks at the whole run.
 * - A condition on a value that is not known is neither true nor false there: `always` and `never` are not broken by it, `eventually`, `whenever`
 *   and `sometimes` not met. One that is never known in its whole window can't be judged: `unknown`.
 * - `always`, `never`: broken if it is false (true) for longer than `for`; without `for`, for any moment. `never EVENT`: it does not happen. A breach
 *   that lasts at the end of the run and might still become too long is undecided.
 * - `eventually`: true at some moment within `within` after the last fault was lifted; with `during`, after that phase or occurrence began.
 * - `whenever`: each time that the condition becomes true (the event happens) in the window, `then` is true (happens) at some moment from then to
 *   `within` later. More misses than `tolerate` break it. Without any occasion nothing was tested: `unknown`,
 *   unless it says `may_miss`. The run goes on after its last phase until each occasion has had its time, but for those that come then: else it might
 *   never end.
 * - `at_end`: true just before the run ends. `sometimes`: true (happened) at least once, else `unknown`: nothing was tested.
 * - What broke only while the harness itself stood still, or missed a deadline because of that, is `unknown`: see `stall.ts`.
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
  valueAt,
  type Interval,
  type Position,
  type Truth,
} from "./truth.ts";
import { firstIndex } from "./search.ts";
import { stalledWithin, withoutStalls, type Stall } from "./stall.ts";
import type { Course } from "./window.ts";
import { roundedDuration } from "./wording.ts";

export interface Outcome {
  readonly verdict: Verdict;
  readonly reason: string;
  /** The moment that decided. */
  readonly position?: Position;
  /** Undecided until the last of these times; with each of them, more of it is decided. */
  readonly pending?: readonly number[];
}

export interface Judging {
  readonly plan: Plan;
  readonly history: readonly HistoryEvent[];
  readonly course: Course;
  readonly truthOf: (expression: string) => Truth;
  /** Those of an expectation: see `windowsOf`. */
  readonly windows: (during: string | undefined) => readonly Interval[];
}

const times = (count: number): string => (count === 1 ? "once" : `${count} times`);

export function judgeExpectation(expectation: Expectation, judging: Judging): Outcome {
  const { course, truthOf } = judging;
  const truth = truthOf(expectation.expression);
  const failure = truth.failure ?? (expectation.word === "whenever" ? truthOf(expectation.then).failure : undefined);
  if (failure !== undefined)
    return { verdict: "unknown", reason: `it could not be computed: ${failure.message}`, position: failure };
  const inWindows = (judgeIn: (windows: readonly Interval[]) => Outcome): Outcome => {
    const windows = judging.windows(expectation.during);
    if (windows.length > 0) return judgeIn(windows);
    return notTested(course.cut ?? `${expectation.during ?? "the run"} never began`);
  };
  switch (expectation.word) {
    case "always":
    case "never":
      return inWindows((windows) => holds(expectation, truth, windows, judging));
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

function holds(
  { word, for: grace }: Expectation & { readonly word: "always" | "never" },
  truth: Truth,
  windows: readonly Interval[],
  { history, course: { whole, cut, stalls } }: Judging,
): Outcome {
  /** What is not decided; a breach that is takes precedence. */
  let undecided: Outcome | undefined;
  for (const window of windows) {
    if (truth.expression.type === "event") {
      if (word === "always") continue;
      const all = occasions(truth, window);
      const [happened, ...more] = all.filter(({ at }) => !stalledWithin(stalls, at, at));
      if (happened !== undefined) {
        const reason = more.length === 0 ? "it happened" : `it happened ${times(more.length + 1)}`;
        return { verdict: "fail", reason, position: happened };
      }
      if (all[0] !== undefined) undecided ??= stalled(all[0]);
      continue;
    }
    const state = word === "never" ? "true" : "not true";
    for (const { from, to } of intervals(truth, word === "never", window)) {
      const tooLong = ({ from: begin, to: end }: Stall): boolean => grace === 0 || end - begin > grace;
      const breach = { from: from.at, to: to.at };
      if (tooLong(breach)) {
        const piece = withoutStalls(stalls, breach.from, breach.to).find(tooLong);
        if (piece === undefined) {
          undecided ??= stalled(from);
          continue;
        }
        const length = piece.to - piece.from;
        const longer = `${roundedDuration(length)}${grace > 0 ? `, longer than ${roundedDuration(grace)}` : ""}`;
        const reason = length === 0 ? `it was ${state}` : `it was ${state} for ${longer}`;
        const position = piece.from === from.at ? from : positionAt(history, piece.from, to);
        return { verdict: "fail", reason, position };
      }
      const isOver = before(to, whole.to) || valueAt(truth, whole.to) !== (word === "never");
      if (isOver) continue;
      const reason = `it was ${state} for the last ${roundedDuration(to.at - from.at)} of the run, and had ${roundedDuration(grace)}`;
      undecided ??=
        cut === undefined
          ? { verdict: "unknown", reason, position: from, pending: [from.at + grace] }
          : { ...notTested(cut), position: from };
    }
  }
  if (undecided !== undefined) return undecided;
  if (!windows.some((window) => everKnown(truth, window))) return unknowable(truth);
  return { verdict: "pass", reason: word === "always" ? "it was true all the time" : "it was never true" };
}

function stalled(position: Position): Outcome {
  return { verdict: "unknown", reason: "it can't be told: the harness itself stood still around then", position };
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
  { history, course: { whole, cut, quiet, stalls } }: Judging,
): Outcome {
  if (during === undefined && quiet === undefined) {
    return notTested(cut ?? "a fault was never lifted, so that there was nothing to recover from");
  }
  const starts = during === undefined && quiet !== undefined ? [quiet] : windows.map(({ from }) => from);
  const open: number[] = [];
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
      open.push(deadline);
      const reason = `the run ended before the ${roundedDuration(within)} that it had were over`;
      latest = cut === undefined ? { verdict: "unknown", reason, position: whole.to, pending: open } : notTested(cut);
    } else if (stalledWithin(stalls, from.at, deadline)) {
      latest = stalled(positionAt(history, deadline, whole.to));
    } else {
      const reason = `it did not become true within ${roundedDuration(within)} ${since}`;
      return { verdict: "fail", reason, position: positionAt(history, deadline, whole.to) };
    }
  }
  return latest;
}

function positionAt(history: readonly HistoryEvent[], at: number, end: Position): Position {
  const index = firstIndex(history, (event) => event.at > at);
  return index >= end.index ? end : { index, at };
}

function whenever(
  truth: Truth,
  answer: Truth,
  { then, within, tolerate, may_miss }: Expectation & { readonly word: "whenever" },
  windows: readonly Interval[],
  { whole, cut, overtime, stalls }: Course,
): Outcome {
  const isAnswered = (from: Position): boolean => {
    const reached = firstTrue(answer, { from, to: whole.to });
    return reached !== undefined && reached.at <= from.at + within;
  };
  const isOpen = ({ at }: Position): boolean => at + within > whole.to.at;
  const isWaitedFor = (occasion: Position): boolean => overtime === undefined || before(occasion, overtime);
  const all = windows
    .flatMap((window) => occasions(truth, window))
    .map((occasion) => ({ occasion, answered: isAnswered(occasion) }))
    .filter(({ occasion, answered }) => answered || !isOpen(occasion) || isWaitedFor(occasion));
  const unanswered = all.filter(({ answered }) => !answered).map(({ occasion }) => occasion);
  const open = unanswered.filter(isOpen);
  const over = unanswered.filter(({ at }) => at + within <= whole.to.at);
  const doubtful = over.filter(({ at }) => stalledWithin(stalls, at, at + within));
  const missed = over.filter((occasion) => !doubtful.includes(occasion));
  const allowed = "count" in tolerate ? tolerate.count : Math.floor(tolerate.share * all.length + 1e-9);
  const [first] = missed;
  if (first !== undefined && missed.length > allowed) {
    const tolerance = allowed > 0 ? `; ${allowed} would have been tolerated` : "";
    const reason = `${then} did not follow within ${roundedDuration(within)} on ${missed.length} of ${all.length} occasions${tolerance}`;
    return { verdict: "fail", reason, position: first };
  }
  if (doubtful[0] !== undefined && missed.length + doubtful.length > allowed) return stalled(doubtful[0]);
  if (missed.length + doubtful.length + open.length > allowed) {
    if (cut !== undefined) return notTested(cut);
    const reason = `the run ended before the ${roundedDuration(within)} that ${then} had were over`;
    return { verdict: "unknown", reason, position: whole.to, pending: open.map(({ at }) => at + within) };
  }
  if (all.length === 0) {
    const reason = "there was no occasion";
    return may_miss
      ? { verdict: "pass", reason }
      : { verdict: "unknown", reason: cut ?? `${reason}: nothing was tested`, position: whole.to };
  }
  const tolerated = over.length === 0 ? "" : `, ${over.length} missed and tolerated`;
  return {
    verdict: "pass",
    reason: `it was so on ${all.length === 1 ? "the one occasion" : `${all.length} occasions`}${tolerated}`,
  };
}

function atEnd(truth: Truth, { whole, cut, stalls }: Course): Outcome {
  if (cut !== undefined) return notTested(cut);
  const isEvent = truth.expression.type === "event";
  const value = isEvent ? truth.happenings.some((at) => !before(whole.to, at)) : valueAt(truth, whole.to);
  if (value === undefined) {
    const reason = "it could not be judged: not all of it was known at the end";
    return { verdict: "unknown", reason, position: whole.to };
  }
  if (value) return { verdict: "pass", reason: isEvent ? "it has happened" : "it was true" };
  if (stalledWithin(stalls, whole.to.at, whole.to.at)) return stalled(whole.to);
  return {
    verdict: "fail",
    reason: isEvent ? "it has not happened" : "it was not true at the end",
    position: whole.to,
  };
}

function sometimes(truth: Truth, { whole, cut }: Course): Outcome {
  const reached = firstTrue(truth, whole);
  if (reached !== undefined) return { verdict: "pass", reason: "it was so", position: reached };
  if (cut !== undefined) return notTested(cut);
  return { verdict: "unknown", reason: "it was never so: what it stands for was not tested", position: whole.to };
}
