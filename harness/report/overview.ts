/** The table folder × plan × verdict, over all worlds that the plans were run in: a row a plan, a column a world. */
import { basename, dirname } from "node:path";
import { worst } from "../judge/finding.ts";
import type { Paint, Tone } from "./paint.ts";
import type { Report, ReportedRun } from "./report.ts";

export interface OfWorld {
  readonly world: string;
  readonly report: Pick<Report, "runs">;
}

interface Cell {
  readonly text: string;
  readonly tone: Tone;
}

/** `head` names the folders: in suites/ they are sins. */
export function renderOverview(worlds: readonly OfWorld[], head: string, paint: Paint): readonly string[] {
  const files = [...new Set(worlds.flatMap(({ report }) => report.runs.map(({ file }) => file)))].sort();
  const rows = files.map((file, n) => {
    const before = files[n - 1];
    const folder = before === undefined || dirname(before) !== dirname(file) ? basename(dirname(file)) : "";
    const perWorld = worlds.map(({ report }) => report.runs.filter((run) => run.file === file));
    const plan = perWorld.flat()[0]?.plan ?? "";
    return [{ text: folder, tone: "strong" }, { text: plan, tone: "quiet" }, ...perWorld.map(cellOf)] as const;
  });
  const heads = [head, "plan", ...worlds.map(({ world }) => world)];
  const widths = heads.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.text.length ?? 0)),
  );
  const padded = (text: string, column: number): string => text.padEnd(widths[column] ?? 0);
  return [
    paint("quiet", heads.map(padded).join("  ").trimEnd()),
    ...rows.map((row) =>
      row
        .map(({ text, tone }, column) => (column === 1 ? padded(text, column) : paint(tone, padded(text, column))))
        .join("  ")
        .trimEnd(),
    ),
  ];
}

/** All cells of its matrix, with their controls: `pass, 2 controls red`. */
function cellOf(runs: readonly ReportedRun[]): Cell {
  if (runs.length === 0) return { text: "", tone: "quiet" };
  const verdict = worst(runs.map((run) => run.verdict));
  const controls = runs.flatMap((run) => run.controls);
  const blind = controls.filter(({ result }) => result === "blind").length;
  const parts = [
    verdict === "fail" ? "FAIL" : verdict,
    ...(runs.length > 1 ? [`${runs.length} cells`] : []),
    ...(controls.length > blind ? [`${count(controls.length - blind)} red`] : []),
    ...(blind > 0 ? [`${count(blind)} BLIND`] : []),
  ];
  const tone = verdict === "fail" || blind > 0 ? "bad" : verdict === "pass" ? "good" : "doubtful";
  return { text: parts.join(", "), tone };
}

function count(controls: number): string {
  return `${controls} ${controls === 1 ? "control" : "controls"}`;
}
