/**
 * The report on the terminal: a table, then whatever was not as it should be, each with its evidence. Read at three in the morning, so: short, the
 * command that replays it first, and nothing about what went well beyond its line in the table.
 */
import { stripVTControlCharacters } from "node:util";
import type { Finding } from "../judge/finding.ts";
import { paintIn } from "./paint.ts";
import type { Paint, Tone } from "./paint.ts";
import { renderProofs } from "./proof.ts";
import { titleOf, titleOfControl, verdictOf, type Report, type ReportedControl, type ReportedRun } from "./report.ts";
import { timeOf, wordEvent } from "./wording.ts";

export interface TextOptions {
  readonly colour?: boolean;
  /** A line a run, and one a control; without them, only what was not as it should be. */
  readonly eachRun?: boolean;
}

export function renderText(report: Report, { colour = false, eachRun = true }: TextOptions = {}): string {
  const paint = paintIn(colour);
  const blocks = [
    [...(eachRun ? table(report, paint) : []), ...notRun(report, paint)],
    ...report.runs.flatMap((run) => [
      ...troubleOf(run, paint),
      ...run.controls.flatMap((control) => blindness(run, control, paint)),
    ]),
    ...renderProofs(report, paint),
    summary(report, paint),
  ];
  const said = blocks.filter((lines) => lines.length > 0);
  return `${said.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

const toneOf: Readonly<Record<Finding["verdict"], Tone>> = {
  pass: "good",
  fail: "bad",
  unknown: "doubtful",
  warn: "doubtful",
};
const shown: Readonly<Record<Finding["verdict"], string>> = {
  pass: "pass",
  fail: "FAIL",
  unknown: "unknown",
  warn: "warning",
};

interface Row {
  readonly cells: readonly string[];
  readonly tone: Tone;
}

function table({ runs }: Report, paint: Paint): readonly string[] {
  const rows: readonly Row[] = runs.flatMap((run) => [
    {
      cells: [titleOf(run), String(run.seed), run.world, shown[run.verdict], seconds(run.seconds)],
      tone: toneOf[run.verdict],
    },
    ...run.controls.map((control): Row => {
      const red = control.result === "red";
      const cells = [
        `  control: ${titleOfControl(control.control)}`,
        "",
        "",
        red ? "red, as it must be" : "BLIND",
        seconds(control.seconds),
      ];
      return { cells, tone: red ? "good" : "bad" };
    }),
  ]);
  const head = ["plan", "seed", "world", "verdict", "time"];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[], tone?: Tone): string =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        const padded = column === 1 || column === 4 ? cell.padStart(width) : cell.padEnd(width);
        return tone !== undefined && column === 3 ? paint(tone, padded) : padded;
      })
      .join("  ")
      .trimEnd();
  return [paint("quiet", line(head)), ...rows.map(({ cells, tone }) => line(cells, tone))];
}

/** More are only counted, where one reason holds for all of them. */
const mostNamed = 4;

function notRun({ skipped, lost }: Report, paint: Paint): readonly string[] {
  const left = skipped.map(({ plan, reason }) => ({ title: plan, reason }));
  return [
    ...byReason(left).map(([reason, names]) => paint("quiet", `${names}: not run here: ${reason}`)),
    ...byReason(lost).map(([reason, names]) => paint("doubtful", `${names}: no result: ${reason}`)),
  ];
}

function byReason(
  all: readonly { readonly title: string; readonly reason: string }[],
): readonly (readonly [reason: string, names: string])[] {
  return [...Map.groupBy(all, ({ reason }) => reason)].map(([reason, alike]) => {
    const names = alike.slice(0, alike.length > mostNamed ? mostNamed - 1 : mostNamed).map(({ title }) => title);
    const others = alike.length > names.length ? ` and ${alike.length - names.length} others` : "";
    return [reason, `${names.join(", ")}${others}`];
  });
}

function troubleOf(run: ReportedRun, paint: Paint): readonly (readonly string[])[] {
  const findings = run.findings
    .filter(({ verdict }) => verdict !== "pass")
    .toSorted((one, other) => rank[one.verdict] - rank[other.verdict]);
  if (findings.length === 0) return [];
  return [
    [
      `replay: ${paint("strong", run.replay)}`,
      ...grouped(findings).flatMap((group) => findingLines(run, group, paint)),
      `  ${paint("quiet", `all of it: ${run.directory}`)}`,
    ],
  ];
}

const rank: Readonly<Record<Finding["verdict"], number>> = { fail: 0, unknown: 1, warn: 2, pass: 3 };

/** What has one reason and no evidence of its own is said once: a run that ended early leaves many. */
function grouped(findings: readonly Finding[]): readonly (readonly [Finding, ...Finding[]])[] {
  const groups = new Map<unknown, [Finding, ...Finding[]]>();
  for (const finding of findings) {
    const key = finding.evidence === undefined ? `${finding.verdict} ${finding.reason}` : finding;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  return [...groups.values()];
}

function findingLines(run: ReportedRun, group: readonly [Finding, ...Finding[]], paint: Paint): readonly string[] {
  const [{ verdict, reason, at, evidence }] = group;
  const time = at === undefined ? "" : `, at ${timeOf(at)}`;
  const titles = group.map(({ expectation, name }) => (name === undefined ? expectation : `${name} (${expectation})`));
  const [first = "", ...more] = reason.split("\n").map(printable);
  const values = Object.entries(evidence?.values ?? {});
  const width = Math.max(0, ...values.map(([read]) => read.length));
  const events = evidence?.events ?? [];
  const timeWidth = Math.max(0, ...events.map((event) => timeOf(event.at).length));
  return [
    `  ${paint(toneOf[verdict], shown[verdict])} ${titleOf(run)}: ${paint("strong", titles.join("; "))}`,
    `    ${first}${time}`,
    ...more.map((line) => paint("quiet", `      ${line}`)),
    ...values.map(([read, value]) => `    ${read.padEnd(width)}  ${printable(value)}`),
    ...events.map((event) => {
      const mark = event.at === at ? ">" : " ";
      return paint("quiet", `    ${mark} ${timeOf(event.at).padStart(timeWidth)}  ${printable(wordEvent(event))}`);
    }),
  ];
}

function blindness(
  run: ReportedRun,
  { control, result, reason, directory, replay }: ReportedControl,
  paint: Paint,
): readonly (readonly string[])[] {
  if (result === "red") return [];
  const title = paint("strong", `control ${titleOfControl(control)}`);
  return [
    [
      `replay: ${paint("strong", replay)}`,
      `  ${paint("bad", "BLIND")} ${titleOf(run)}: ${title}`,
      `    it must fail by: ${control.fails}`,
      `    ${printable(reason)}`,
      `  ${paint("quiet", `all of it: ${directory}`)}`,
    ],
  ];
}

function summary(report: Report, paint: Paint): readonly string[] {
  const { runs, skipped, lost } = report;
  const controls = runs.flatMap((run) => run.controls);
  const counts = [
    [runs.filter(({ verdict }) => verdict === "pass").length, "passed"],
    [runs.filter(({ verdict }) => verdict === "fail").length, "failed"],
    [runs.filter(({ verdict }) => verdict === "unknown").length, "unknown"],
    [controls.filter(({ result }) => result === "red").length, "controls red, as they must be"],
    [controls.filter(({ result }) => result === "blind").length, "controls blind"],
    [skipped.length, "not run here"],
    [lost.length, "without a result"],
  ] as const;
  const parts = counts.flatMap(([count, what]) =>
    count > 0 ? [`${count} ${count === 1 ? what.replace("controls", "control").replace("they", "it") : what}`] : [],
  );
  const verdict = verdictOf(report);
  const said = runs.length === 0 ? ["nothing was run", ...parts] : parts;
  return [`${paint(toneOf[verdict], shown[verdict])}: ${said.join(", ")}; ${seconds(report.seconds)}`];
}

function seconds(figure: number): string {
  return `${figure.toFixed(1)}s`;
}

/** Services write what they like; the terminal must not obey it. */
function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\p{Cc}/gu, "");
}
