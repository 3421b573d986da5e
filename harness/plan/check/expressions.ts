/** Every expression of the plan, compiled against the signals that its services, links and steps declare. */
import { mentionsIn } from "../../expression/names.ts";
import { ExpressionError } from "../../expression/expression.ts";
import type { Scope } from "../../expression/expression.ts";
import { compileCondition, declareSignals } from "../../judge/signals.ts";
import { readEdge, readPhaseEnd } from "../../schedule/edge.ts";
import { isTime } from "../../schedule/phase.ts";
import { expectationWords } from "../document/expectations.ts";
import { isName } from "../document/words.ts";
import { observationDocument } from "../document/system.ts";
import { isRecord, listAt, recordAt, textAt } from "../raw.ts";
import type { Raw } from "../raw.ts";
import type { Link, Observation, Service } from "../schema.ts";
import type { Path } from "../tree.ts";
import { whichOne } from "../copies.ts";
import { keysOf, rawExpectations } from "./checking.ts";
import type { Checking } from "./checking.ts";

export function checkExpressions(checking: Checking): void {
  const scope = scopeOf(checking);
  const { document, phases, complain } = checking;
  const compile = (owner: Raw, key: string, path: Path, eventAllowed: boolean): void => {
    const text = owner[key];
    if (typeof text !== "string" || text === "") return;
    for (const { name, offset } of mentionsIn(text)) {
      const copies = checking.copies.get(name);
      if (copies === undefined) continue;
      complain([...path, key], whichOne(name, copies), offset);
      return;
    }
    try {
      const { type } = compileCondition(text, scope);
      if (type !== "event" || eventAllowed) return;
      complain([...path, key], `${text} is an event: write a condition on it, such as ${text}.count > 0`, 0);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      complain([...path, key], error.message, error.offset);
    }
  };

  for (const { raw, path } of rawExpectations(document, phases)) {
    for (const word of expectationWords) compile(raw, word, path, word !== "always");
    compile(raw, "then", path, true);
  }
  for (const [index, abort] of listAt(document, "abort").entries())
    if (isRecord(abort)) compile(abort, "when", ["abort", index], true);
  for (const { raw, index, steps } of phases) {
    if (raw["until"] !== "steady") compile(raw, "until", ["phases", index], true);
    for (const step of steps) {
      compile(step.raw, "when", step.path, true);
      compile(step.raw, "while", step.path, false);
      const until = step.raw["until"];
      const names = steps.map(({ name }) => name);
      if (typeof until === "string" && !isTime(until) && !isEdge(until, names))
        compile(step.raw, "until", step.path, true);
    }
  }
}

function isEdge(until: string, steps: readonly string[]): boolean {
  const edge = readEdge(until);
  return readPhaseEnd(until) !== undefined || (edge !== undefined && (edge.phase || steps.includes(edge.name)));
}

/** What can be seen does not depend on whether the rest of a service's or a link's declaration is right. */
function scopeOf({ document, names, services, subjects, phases }: Checking): Scope {
  const links = recordAt(document, "links");
  const linkOf = (name: string): Link => ({
    from: "a",
    to: "b",
    proto: textAt(links[name], "proto") === "dns" ? "dns" : "tcp",
    port: 1,
  });
  const observations = Object.entries(recordAt(document, "observe"))
    .filter(([name]) => isName(name))
    .map(([name, raw]): [string, Observation] => {
      const parsed = observationDocument.safeParse(raw);
      return [name, parsed.success ? parsed.data : ({ as: "dynamic" } as unknown as Observation)];
    });
  return declareSignals({
    services: Object.fromEntries(services.map((name) => [name, { subject: subjects.get(name) } as Service])),
    links: Object.fromEntries(keysOf(document, "links").map((name) => [name, linkOf(name)])),
    observe: Object.fromEntries(observations),
    constants: names.constants,
    phases: phases.map(({ steps }) => ({ faults: steps.map(({ name }) => ({ name })) })),
  });
}
