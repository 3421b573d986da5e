/** How faithful a replay was, in a few lines. */
import type { HistoryEvent } from "../history/event.ts";
import type { Judgement } from "../judge/finding.ts";
import { firstFailure } from "../shrink/failure.ts";
import { fidelityOf, firstDifference, renderDifference } from "./compare.ts";
import type { Fidelity } from "./compare.ts";
import { isReproduced } from "./reproduced.ts";

interface Result extends Judgement {
  readonly events: readonly HistoryEvent[];
}

export interface ReplayReport {
  /** The folder of the first run. */
  readonly directory: string;
  readonly before: Result;
  readonly now: Result;
  /** Both were in a world where the histories must be the same, byte for byte. */
  readonly exact: boolean;
  /** The plan is not the one that was recorded. */
  readonly changed: boolean;
}

export function renderReplay({ directory, before, now, exact, changed }: ReplayReport): string {
  const difference = exact ? firstDifference(before.events, now.events) : undefined;
  const lines = [
    `replay of ${directory}: ${decisions(fidelityOf(before.events, now.events))}`,
    ...(changed
      ? [
          "the plan is not the one that was recorded (it was changed, or a hunt had mixed faults in): that one is run by --schedule",
        ]
      : []),
    ...(exact && difference === undefined
      ? [`the history is the same, byte for byte: ${now.events.length} events`]
      : []),
    ...(difference === undefined ? [] : renderDifference(difference)),
    `verdict before: ${verdictText(before)}`,
    `verdict now:    ${verdictText(now)}`,
    isReproduced(before, now) ? "reproduced" : "not reproduced",
  ];
  return `${lines.join("\n")}\n`;
}

function decisions({ matched, of, added }: Fidelity): string {
  const more = added === 0 ? "" : `; ${added} that were not there before`;
  return of === 0 ? `there were no decisions to match${more}` : `${matched} of ${of} decisions matched${more}`;
}

function verdictText({ verdict, findings }: Judgement): string {
  const failed = firstFailure(findings);
  return failed === undefined ? verdict : `${verdict}, by ${failed.name ?? failed.expectation}`;
}
