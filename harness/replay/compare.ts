/**
 * Two histories of what should have been one run: where they part, and how many of the decisions were the same.
 *
 * A decision is what the harness made happen: an occurrence with its kind, its places and its parameters, and each hit with its detail. When it happened
 * is none: on a real machine, times are never the same twice.
 */
import type { HistoryEvent } from "../history/event.ts";
import { timeOf, wordEvent } from "../report/wording.ts";

export interface Difference {
  /** The line of `history.jsonl`, from 1. */
  readonly line: number;
  /** Absent where that history is over already. */
  readonly one?: HistoryEvent;
  readonly other?: HistoryEvent;
}

/** Undefined if they are the same, byte for byte. */
export function firstDifference(one: readonly HistoryEvent[], other: readonly HistoryEvent[]): Difference | undefined {
  const length = Math.max(one.length, other.length);
  for (let index = 0; index < length; index++) {
    const [left, right] = [one[index], other[index]];
    if (JSON.stringify(left) === JSON.stringify(right)) continue;
    return {
      line: index + 1,
      ...(left === undefined ? {} : { one: left }),
      ...(right === undefined ? {} : { other: right }),
    };
  }
  return undefined;
}

/** Three lines: which event, and both of its versions, whole where their words are the same. */
export function renderDifference(
  { line, one, other }: Difference,
  names: readonly [string, string] = ["before", "now"],
): readonly string[] {
  const texts = [one, other].map((event) =>
    event === undefined ? "the history is over" : `${timeOf(event.at)}  ${wordEvent(event)}`,
  );
  const same = texts[0] === texts[1];
  const shown = same ? [one, other].map((event) => JSON.stringify(event)) : texts;
  const width = Math.max(...names.map((name) => name.length));
  return [
    `the first event that differs is number ${line}:`,
    ...names.map((name, index) => `  ${name.padEnd(width)}  ${shown[index] ?? ""}`),
  ];
}

export interface Fidelity {
  /** Decisions of the first history that the second has, too. */
  readonly matched: number;
  /** All decisions of the first. */
  readonly of: number;
  /** Decisions of the second that the first has not. */
  readonly added: number;
}

/** As multisets: two hits with the same detail are two. */
export function fidelityOf(one: readonly HistoryEvent[], other: readonly HistoryEvent[]): Fidelity {
  const left = one.flatMap(decision);
  const unmatched = new Map<string, number>();
  for (const key of other.flatMap(decision)) unmatched.set(key, (unmatched.get(key) ?? 0) + 1);
  let matched = 0;
  for (const key of left) {
    const count = unmatched.get(key) ?? 0;
    if (count === 0) continue;
    matched += 1;
    unmatched.set(key, count - 1);
  }
  const added = [...unmatched.values()].reduce((sum, count) => sum + count, 0);
  return { matched, of: left.length, added };
}

function decision(event: HistoryEvent): readonly string[] {
  if (event.event === "fault.inject") {
    const { step, occurrence, kind, where, parameters } = event;
    return [JSON.stringify(["inject", step, occurrence, kind, where, parameters])];
  }
  if (event.event === "fault.hit") {
    const { step, occurrence, where, detail } = event;
    return [JSON.stringify(["hit", step, occurrence, where, detail])];
  }
  return [];
}
