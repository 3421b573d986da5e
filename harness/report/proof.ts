/**
 * The matrix guard × plan: which plan's control has turned red without the guard, and which guards are proven by none. A row a guard, and the plans by
 * name, since a column a plan would be wider than any terminal.
 */
import type { Paint } from "./paint.ts";
import { titleOf } from "./report.ts";
import type { Report, ReportedControl, ReportedRun } from "./report.ts";

export interface Proof {
  readonly guard: string;
  /** Whose control was red, and whose was blind: `drip`, or `drip (with whole-document)` if other guards were off as well. */
  readonly red: readonly string[];
  readonly blind: readonly string[];
  /** A control that switches off nothing else was red. */
  readonly proven: boolean;
}

export interface SubjectProof {
  readonly subject: string;
  readonly guards: readonly Proof[];
}

/** Of every guard that the subjects declare, in their order; nothing where no controls were run. */
export function proofsOf({ subjects, runs }: Pick<Report, "subjects" | "runs">): readonly SubjectProof[] {
  const controls = runs.flatMap((run) => run.controls.map((control) => ({ run, control })));
  return subjects.map(({ subject, guards }) => ({
    subject,
    guards: guards.map((guard) => {
      const own = controls.filter(
        ({ control }) => control.subject === subject && control.control.without.includes(guard),
      );
      const red = own.filter(({ control }) => control.result === "red");
      const blind = own.filter(({ control }) => control.result === "blind");
      return {
        guard,
        // Cells of one plan are one proof; of the blind ones, each is a defect to look at.
        red: [...new Set(red.map(({ run, control }) => nameOf(run.plan, control, guard)))],
        blind: [...new Set(blind.map(({ run, control }) => nameOf(titleOf(run), control, guard)))],
        proven: red.some(({ control }) => control.control.without.length === 1),
      };
    }),
  }));
}

function nameOf(plan: ReportedRun["plan"], { control }: ReportedControl, guard: string): string {
  const others = control.without.filter((each) => each !== guard);
  return others.length === 0 ? plan : `${plan} (with ${others.join(", ")})`;
}

const widest = 120;

export function renderProofs(report: Pick<Report, "subjects" | "runs">, paint: Paint): readonly (readonly string[])[] {
  const onePlan = new Set(report.runs.map(({ plan }) => plan)).size === 1;
  return proofsOf(report).flatMap(({ subject, guards }) => {
    // Of one plan nobody expects that it proves them all.
    const shown = onePlan ? guards.filter(({ red, blind }) => red.length + blind.length > 0) : guards;
    if (shown.length === 0) return [];
    const width = Math.max(...shown.map(({ guard }) => guard.length));
    const proven = guards.filter((each) => each.proven).length;
    return [
      [
        paint("strong", `${subject}: ${proven} of ${guards.length} guards proven, by plans that turn red without them`),
        ...shown.flatMap((each) => rowOf(each, width, paint)),
      ],
    ];
  });
}

function rowOf({ guard, red, blind, proven }: Proof, width: number, paint: Paint): readonly string[] {
  const rows = [
    ...inLines(red, widest - width - 4),
    ...(proven ? [] : [paint("doubtful", red.length === 0 ? "UNPROVEN" : "UNPROVEN alone")]),
    ...inLines(blind, widest - width - 11).map((line, n) => `${n === 0 ? paint("bad", "BLIND: ") : "       "}${line}`),
  ];
  return rows.map((row, n) => `  ${(n === 0 ? guard : "").padEnd(width)}  ${row}`);
}

/** Separated by commas, and never broken within a name. */
function inLines(names: readonly string[], most: number): readonly string[] {
  const lines: string[] = [];
  for (const [n, name] of names.entries()) {
    const word = n < names.length - 1 ? `${name},` : name;
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > most) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
