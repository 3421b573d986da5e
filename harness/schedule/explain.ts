/**
 * A plan as a picture of its timeline, for one seed: what happens when, what is random and between which bounds, how long it takes.
 *
 *     drip   ▐███████████████████████  a state: from its start to its end
 *     storm  ·····|·······|····|·····  a pulse: at one moment
 */
import type { Repertoire } from "../../faults/registry.ts";
import { roundedDuration } from "../judge/wording.ts";
import { kindOf } from "../plan/kind.ts";
import type { Plan } from "../plan/schema.ts";
import { flowText } from "./flow.ts";
import { describeRandom } from "./random.ts";
import type { Occurrence, Schedule, ScheduledPhase, ScheduledStep } from "./schedule.ts";
import { repertoireIn } from "../plan/repertoire.ts";

const barWidth = 60;
/** Terminals of old, and most reviews, show this much. */
const lineWidth = 100;

export function explain(plan: Plan, schedule: Schedule): string {
  const width = Math.min(
    24,
    Math.max(4, ...schedule.phases.flatMap(({ steps }) => steps.map(({ name }) => name.length))),
  );
  const cell = Object.entries(schedule.cell).map(([name, value]) => `, ${name} ${JSON.stringify(value)}`);
  const lines = [
    cut(`${schedule.plan}, seed ${schedule.seed}${cell.join("")}`),
    ...(plan.about === undefined ? [] : wrap(plan.about.replaceAll(/\s+/g, " "), "  ", "  ")),
    "",
    ...schedule.phases.flatMap((phase) => explainPhase(phase, width, repertoireIn(plan))),
    "",
    ...explainTotal(plan, schedule),
    ...list("random", describeRandom(plan, schedule)),
    ...list("needs", needsOf(plan)),
    ...list(
      "controls",
      plan.controls.map(
        ({ service, without, fails }) => `${service} without ${without.join(", ")} must fail "${fails}"`,
      ),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function explainPhase(phase: ScheduledPhase, width: number, repertoire: Repertoire): readonly string[] {
  const length =
    phase.for === undefined
      ? `until ${phase.until ?? ""}, ${phase.timeout === undefined ? "without a timeout" : `${roundedDuration(phase.timeout)} at most`}`
      : roundedDuration(phase.for);
  const span = phase.for ?? phase.timeout ?? 0;
  return [
    cut(`${phase.name}: ${length}`),
    ...phase.steps.flatMap((step) => explainStep(step, span, { width, repertoire })),
  ];
}

function explainStep(
  step: ScheduledStep,
  span: number,
  { width, repertoire }: { readonly width: number; readonly repertoire: Repertoire },
): readonly string[] {
  const { trigger, occurrences } = step;
  const name = step.name.length > width ? `${step.name.slice(0, width - 1)}…` : step.name.padEnd(width);
  const [first] = occurrences;
  const detail = first === undefined ? "" : `${first.where.join(", ")} ${flowText(first.parameters)}`;
  const kind = first === undefined || first.kind === step.name ? "" : `${first.kind} `;
  const below = first === undefined ? [] : wrap(`${kind}on ${detail}`.trim(), " ".repeat(width + 4));
  if (trigger.type === "timed") {
    const times = occurrences.length === 1 ? "once" : `${occurrences.length} times`;
    return [
      cut(`  ${name}  ${bar(occurrences, span, repertoire)}  ${occurrences.length === 0 ? "never" : times}`),
      ...below,
    ];
  }
  const condition =
    trigger.type === "after"
      ? `${trigger.delay === 0 ? "" : `${roundedDuration(trigger.delay)} `}after ${trigger.edge}`
      : `${trigger.type} ${trigger.expression}${trigger.times === undefined ? "" : `, ${trigger.times} times at most`}`;
  return [...wrap(`${name}  ${condition}`, "  "), ...below];
}

function bar(occurrences: readonly Occurrence[], span: number, repertoire: Repertoire): string {
  const columnOf = (at: number): number => Math.min(barWidth - 1, Math.floor((at / Math.max(span, 1)) * barWidth));
  const columns = Array.from({ length: barWidth }, () => "·");
  for (const { at, for: length, kind } of occurrences) {
    if (at >= span && span > 0) continue;
    const from = columnOf(at);
    if (repertoire.get(kind)?.pulse === true) {
      columns[from] = "|";
      continue;
    }
    const end = Math.min(span, at + (length ?? Infinity));
    const to = Math.max(from, end >= span ? barWidth - 1 : columnOf(end) - (end % (span / barWidth) === 0 ? 1 : 0));
    for (let column = from + 1; column <= to; column++) columns[column] = "█";
    columns[from] = "▐";
  }
  return columns.join("");
}

function explainTotal(plan: Plan, schedule: Schedule): readonly string[] {
  const least = schedule.phases.reduce((sum, phase) => sum + (phase.for ?? 0), 0);
  const most = schedule.phases.reduce((sum, phase) => sum + (phase.for ?? phase.timeout ?? 0), 0);
  const deadlines = plan.expect.flatMap((expectation) => ("within" in expectation ? [expectation.within] : []));
  const longest = Math.max(0, ...deadlines);
  const waiting = longest === 0 ? "" : `, and up to ${roundedDuration(longest)} more for what must follow`;
  const range = least === most ? roundedDuration(least) : `${roundedDuration(least)} to ${roundedDuration(most)}`;
  return wrap(`takes ${range}${waiting}`, "");
}

function needsOf(plan: Plan): readonly string[] {
  const runs = Object.entries(plan.services).flatMap(([name, service]) => {
    const { image, build, command = [] } = service;
    switch (kindOf(service)) {
      case "program":
        return [];
      case "image":
        return [`the image ${image} (${name})`];
      case "build":
        return [`an image built from ${build?.context} (${name})`];
      case "command":
        return [`the command ${command[0] ?? ""} (${name})`];
    }
  });
  return [...plan.requires, ...runs, `a world: ${plan.worlds.join(" or ")}`];
}

function list(title: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [`${title}:`, ...items.flatMap((item) => wrap(item, "  "))];
}

const cut = (line: string): string => (line.length > lineWidth ? `${line.slice(0, lineWidth - 1)}…` : line);

/** Breaks at spaces; a word that is longer than a line is cut. */
function wrap(text: string, indent: string, further: string = `${indent}  `): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const next = line === "" ? `${indent}${word}` : `${line} ${word}`;
    if (next.length > lineWidth && line !== "") {
      lines.push(line);
      line = `${further}${word}`;
    } else line = next;
  }
  return [...lines, line].map(cut);
}
