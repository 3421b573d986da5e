/**
 * What the runs of one command came to: what the printers (`text.ts`, `junit.ts`) need, and no more.
 */
import type { ControlJudgement } from "../judge/control.ts";
import { worst, type Judgement, type Verdict } from "../judge/finding.ts";
import type { Control } from "../plan/schema.ts";

export interface Report {
  readonly runs: readonly ReportedRun[];
  /** Plans that were not run, and what they lack here. */
  readonly skipped: readonly { readonly plan: string; readonly reason: string }[];
  /** What was asked for and has no result, by its title. */
  readonly lost: readonly { readonly title: string; readonly reason: string }[];
  /** Whose guards were to be proven, with all that they declare; none without controls. */
  readonly subjects: readonly { readonly subject: string; readonly guards: readonly string[] }[];
  readonly seconds: number;
}

export interface ReportedRun extends Judgement {
  readonly plan: string;
  /** The plan's file. */
  readonly file: string;
  /** The cell of the plan's matrix; empty if it has none. */
  readonly cell: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly world: string;
  readonly seconds: number;
  /** The run folder. */
  readonly directory: string;
  /** The command that runs just this again: `npx sinbin run suites/1-networks/drip.yaml --world local --seed 7`. */
  readonly replay: string;
  readonly controls: readonly ReportedControl[];
}

export interface ReportedControl extends ControlJudgement {
  readonly control: Control;
  /** What its service is. */
  readonly subject: string;
  readonly seconds: number;
  readonly directory: string;
  readonly replay: string;
}

/** A blind control is a defect of the plan, and as bad as a failure. Where nothing was run, nothing was tested. */
export function verdictOf({ runs, lost }: Pick<Report, "runs" | "lost">): Verdict {
  if (runs.length === 0) return "unknown";
  return worst([
    ...(lost.length > 0 ? (["unknown"] as const) : []),
    ...runs.flatMap(({ verdict, controls }) => [
      verdict,
      ...controls.map(({ result }) => (result === "blind" ? "fail" : "pass")),
    ]),
  ]);
}

/** `drip`, or `drip (how_down=refused)`. */
export function titleOf({ plan, cell }: Pick<ReportedRun, "plan" | "cell">): string {
  const values = Object.entries(cell).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return values.length === 0 ? plan : `${plan} (${values.join(", ")})`;
}

export function titleOfControl({ service, without }: Control): string {
  return `${service} without ${without.join(", ")}`;
}
