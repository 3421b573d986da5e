/** The catalogue of faults, from what they declare: docs/faults.md and `sinbin faults`. */
import { z } from "zod";
import { faults, isFaultOfLink, protosText } from "./registry.ts";
import type { Fault, Repertoire } from "./registry.ts";
import { unitOf } from "./units.ts";

interface Parameter {
  readonly name: string;
  readonly kind: string;
  readonly unlessTold: string;
  readonly help: string;
}

/** All of docs/faults.md. */
export function renderCatalogue(): string {
  const planes = Map.groupBy(faults.values(), ({ plane }) => plane);
  return [
    "# Faults",
    "Generated from the registry by `npx sinbin faults --markdown > docs/faults.md`; a test fails when it is stale.",
    "Every parameter may be a distribution, a `$name` or an `= expression`, drawn once for each occurrence; one marked *per item* is drawn by the fault itself, again and again.",
    ...[...planes].flatMap(([plane, members]) => [`## ${plane}`, ...members.map(section)]),
  ]
    .join("\n\n")
    .concat("\n");
}

function section(fault: Fault): string {
  const rows = parametersOf(fault).map(
    ({ name, kind, unlessTold, help }) => `| \`${name}\` | ${kind} | ${unlessTold} | ${help} |`,
  );
  const table =
    rows.length === 0
      ? []
      : [["| Parameter | What | Default | Meaning |", "| --- | --- | --- | --- |", ...rows].join("\n")];
  return [
    `### ${fault.kind}`,
    fault.about,
    ...table,
    `${sentences(fault).join(" ")} Example:`,
    ["```yaml", stepOf(fault), "```"].join("\n"),
  ].join("\n\n");
}

/**
 * What `sinbin faults KIND` prints.
 *
 * @throws {RangeError} if there is no such fault.
 */
export function renderFault(kind: string, among: Repertoire = faults): string {
  const fault = among.get(kind);
  if (fault === undefined) throw new RangeError(`no fault is called ${kind}`);
  const parameters = parametersOf(fault);
  const width = Math.max(0, ...parameters.map(({ name }) => name.length));
  const lines = parameters.flatMap(({ name, kind: what, unlessTold, help }) =>
    [...wrap(`${what}; default: ${unlessTold.replaceAll("`", "")}`, 96 - width), ...wrap(help, 76 - width)].map(
      (line, n) => `  ${(n === 0 ? name : "").padEnd(width)}  ${line}`,
    ),
  );
  return [
    [fault.kind, ...wrap(fault.about, 80)].join("\n"),
    lines.length === 0 ? "It has no parameters." : ["Parameters:", ...lines].join("\n"),
    sentences(fault)
      .flatMap((sentence) => wrap(sentence, 80))
      .join("\n"),
    [
      "Example:",
      ...stepOf(fault)
        .split("\n")
        .map((line) => `  ${line}`),
    ].join("\n"),
  ]
    .join("\n\n")
    .concat("\n");
}

function parametersOf({ parameters }: Fault): readonly Parameter[] {
  const { properties = {}, required = [] } = z.toJSONSchema(parameters, { io: "input" });
  return Object.entries(parameters.shape).map(([name, schema]) => {
    const written = properties[name];
    const { default: unlessTold, enum: words } = typeof written === "object" ? written : {};
    const meta = (schema as z.ZodType).meta() ?? {};
    const what = unitOf(schema)?.name ?? meta.title ?? (words === undefined ? "text" : `one of ${words.join(", ")}`);
    return {
      name,
      kind: meta["perItem"] === true ? `${what}, per item` : what,
      unlessTold:
        unlessTold === undefined
          ? required.includes(name)
            ? "required"
            : "none"
          : `\`${JSON.stringify(unlessTold).replaceAll('"', "")}\``,
      help: meta.description ?? "",
    };
  });
}

/** What is true of the fault as a whole. */
function sentences(fault: Fault): readonly string[] {
  const length = fault.pulse ? "A pulse: it takes no `for`." : "Lasts until it is lifted.";
  return [whereOf(fault), length, ...(fault.source === undefined ? [] : [`Source: ${fault.source}.`])];
}

function whereOf(fault: Fault): string {
  if (!isFaultOfLink(fault)) {
    if (fault.plane === "declared")
      return `\`where\` is a service whose subject is \`${fault.kind.split(".")[0]}\`, which tells of the hits.`;
    if (fault.programsOnly !== undefined)
      return `\`where\` is a service that is a program; for a \`command\` or an image: ${fault.programsOnly}.`;
    return fault.toldByPrograms === true
      ? "`where` is a service; nobody sees the hits on a `command` or an image, whose step must say `may_miss`."
      : "`where` is a service.";
  }
  const link = `\`where\` is a link of proto: ${protosText(fault.plane)}`;
  if (fault.plane !== "tcp" && fault.plane !== "udp") return `${link}.`;
  const toward = {
    upstream: "upstream (toward the server)",
    downstream: "downstream (toward the client)",
    both: "both ways",
  };
  if (fault.plane === "tcp" && fault.only !== undefined) return `${link}; it acts ${toward[fault.only]} only.`;
  return `${link}; it acts ${toward[fault.direction]} unless the step says \`direction\`.`;
}

function stepOf({ kind, example }: Fault): string {
  return `- ${kind.replaceAll("-", "_")}: ${example}`;
}

function wrap(text: string, width: number): readonly string[] {
  return text.split(" ").reduce<string[]>((lines, word) => {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) return [...lines, word];
    return [...lines.slice(0, -1), `${last} ${word}`];
  }, []);
}
