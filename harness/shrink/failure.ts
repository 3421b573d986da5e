/** A run that failed, and by what: all that is needed to make it smaller. */
import type { HistoryEvent } from "../history/event.ts";
import type { Finding } from "../judge/finding.ts";
import type { Plan } from "../plan/schema.ts";
import type { Schedule } from "../schedule/schedule.ts";

export interface Failure {
  /** Bound to the cell of the schedule. */
  readonly plan: Plan;
  readonly schedule: Schedule;
  readonly events: readonly HistoryEvent[];
  /** Guards that were switched off, by service. */
  readonly without: ReadonlyMap<string, readonly string[]>;
  /** The one that failed. */
  readonly finding: Pick<Finding, "expectation" | "name" | "at">;
}

/** The finding that the same expectation fails, if it does: by its name if it has one, else by its text. */
export function failsBy(
  findings: readonly Finding[],
  { expectation, name }: Pick<Finding, "expectation" | "name">,
): Finding | undefined {
  return findings.find(
    (finding) =>
      finding.verdict === "fail" && (name === undefined ? finding.expectation === expectation : finding.name === name),
  );
}

/** The one to go after: what failed first. */
export function firstFailure(findings: readonly Finding[]): Finding | undefined {
  const failed = findings.filter(({ verdict }) => verdict === "fail");
  return failed.toSorted((one, other) => (one.at ?? Infinity) - (other.at ?? Infinity))[0];
}
