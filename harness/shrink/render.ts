/** The plan as a file to commit: how to run it, what it shows, where it came from. */
import { writeYaml } from "../plan/write-yaml.ts";
import { roundedDuration } from "../judge/wording.ts";
import { titleOf } from "../report/report.ts";
import type { Failure } from "./failure.ts";
import type { Shrunk } from "./shrink.ts";

export interface RenderOptions {
  readonly failure: Failure;
  readonly shrunk: Shrunk;
  /** As a shell reads it. */
  readonly command: string;
  /** The path of plan.schema.json, from the file. */
  readonly schema: string;
}

export function renderShrunk({ failure, shrunk, command, schema }: RenderOptions): string {
  const { plan, seed, ...rest } = shrunk.document;
  const document = {
    plan: plan ?? "shrunk",
    about: aboutOf(failure, shrunk),
    ...(seed === undefined ? {} : { seed }),
    ...rest,
  };
  return [`# yaml-language-server: $schema=${schema}`, `# ${command}`, writeYaml(document)].join("\n");
}

function aboutOf({ plan, schedule, without, finding }: Failure, { at, before, after }: Shrunk): string {
  const time = at === undefined ? "" : ` at ${roundedDuration(at)}`;
  const guards = [...without].flatMap(([service, names]) => names.map((guard) => `, ${service} without ${guard}`));
  const from = `${titleOf({ plan: plan.plan, cell: schedule.cell })}, seed ${schedule.seed}${guards.join("")}`;
  const text = `Shrunk from ${from}, to ${occurrences(after)} of ${before}; it fails${time} by ${finding.name ?? finding.expectation}`;
  return text.replaceAll(/\s+/g, " ");
}

export function occurrences(count: number): string {
  return `${count} ${count === 1 ? "occurrence" : "occurrences"}`;
}
