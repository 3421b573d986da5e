/**
 * What expressions can see, and what it is at a time: a fold over the history.
 *
 *     history ──apply──► services, links, steps, observations ──bindings(at)──► expressions
 *
 * Names: `NODE.alive` and the other members of `builtin.ts` for services and links, `NODE.NAME` for the signals of a subject, the plan's `observe`
 * and its constants by their bare names, `phase` (the name of the phase that runs), `run.time`, and `fault("STEP")`.
 */
import { compileExpression, ExpressionError } from "../expression/expression.ts";
import type { Bindings, Expression, Scope, ValueType } from "../expression/expression.ts";
import type { HistoryEvent } from "../history/event.ts";
import type { Plan } from "../plan/schema.ts";
import {
  createFaultSignals,
  createLinkSignals,
  createServiceSignals,
  linkMembers,
  serviceMembers,
  type BuiltIn,
} from "./builtin.ts";
import { createObserved, type Observed } from "./observed.ts";

/** What declares names: a plan, or one that is being parsed and has not all of its parts yet. */
export type Declaring = Pick<Plan, "services" | "links" | "observe" | "constants"> & {
  readonly phases: readonly { readonly faults: readonly { readonly name: string }[] }[];
};

/** Subjects' signals of these names would hide what every service has. */
export { serviceMembers, linkMembers } from "./builtin.ts";

const runType: ValueType = { object: "run", members: new Map<string, ValueType>([["time", "age"]]) };

export function declareSignals(plan: Declaring): Scope {
  const variables = new Map<string, ValueType>([
    ["run", runType],
    ["phase", "string"],
  ]);
  for (const [name, { type }] of Object.entries(plan.constants)) variables.set(name, type);
  for (const [name, { as }] of Object.entries(plan.observe)) variables.set(name, as);
  for (const name of Object.keys(plan.links)) variables.set(name, { object: name, members: linkMembers });
  for (const [name, { subject }] of Object.entries(plan.services)) {
    const own = Object.entries(subject?.signals ?? {}).map(([signal, { as }]): [string, ValueType] => [signal, as]);
    variables.set(name, { object: name, members: new Map([...serviceMembers, ...own]) });
  }
  return { variables, steps: new Set(plan.phases.flatMap(({ faults }) => faults.map(({ name }) => name))) };
}

/** A condition, or an event ("it happens"). @throws {ExpressionError} for any other type as well. */
export function compileCondition(text: string, scope: Scope): Expression {
  const expression = compileExpression(text, scope);
  const { type } = expression;
  if (type === "bool" || type === "event" || type === "dynamic") return expression;
  const described =
    typeof type === "object" ? `an object with the members ${[...type.members.keys()].join(", ")}` : `of type ${type}`;
  throw new ExpressionError(`this is ${described}: write a condition, such as ${example(text, type)}`, 0);
}

function example(text: string, type: ValueType): string {
  if (typeof type === "object") return `${text}.alive`;
  if (type === "list") return `size(${text}) > 0`;
  if (type === "duration") return `${text} < 5s`;
  if (type === "size") return `${text} < 64KiB`;
  return type === "string" ? `${text} == "…"` : `${text} > 0`;
}

export interface Signals {
  /** What the event may change when it is applied, otherwise than by age: `node` stands for all its members, `fault` for all steps. */
  changedBy(event: HistoryEvent): readonly string[];
  apply(event: HistoryEvent): void;
  /** As they are at a time that is not before the last event. */
  bindings(at: number): Bindings;
}

export function createSignals(plan: Declaring): Signals {
  const services = new Map<string, BuiltIn>(
    Object.keys(plan.services).map((name) => [name, createServiceSignals(name)]),
  );
  const links = new Map<string, BuiltIn>(Object.keys(plan.links).map((name) => [name, createLinkSignals(name)]));
  const steps = new Map<string, BuiltIn>(
    [...declareSignals(plan).steps].map((name) => [name, createFaultSignals(name)]),
  );
  const observed = new Map<string, Observed>(
    Object.entries(plan.observe).map(([name, observation]) => [name, createObserved(observation, name)]),
  );
  const subjects = Object.entries(plan.services).flatMap(([service, { subject }]) =>
    Object.entries(subject?.signals ?? {}).map(([signal, declared]) => ({
      service,
      signal,
      observed: createObserved({ ...declared, service }, `${service}.${signal}`),
    })),
  );
  const builtIns = [...services.values(), ...links.values(), ...steps.values()];
  const declared = new Map<string, Observed>([
    ...observed,
    ...subjects.map((each): [string, Observed] => [`${each.service}.${each.signal}`, each.observed]),
  ]);
  const constants = Object.fromEntries(Object.entries(plan.constants).map(([name, { value }]) => [name, value]));
  let phase = "";
  let began = 0;

  return {
    changedBy: (event) => [
      ...[...declared].flatMap(([name, signal]) => (signal.concerns(event) ? [name] : [])),
      ...builtInsChangedBy(event),
    ],
    apply(event) {
      if (event.event === "run.begin") began = event.at;
      if (event.event === "phase.begin") phase = event.phase;
      for (const signals of [...builtIns, ...declared.values()]) signals.apply(event);
    },
    bindings(at) {
      const variables: Record<string, unknown> = { ...constants, run: { time: at - began }, phase };
      for (const [name, signal] of observed) variables[name] = signal.view(at);
      for (const [name, link] of links) variables[name] = link.view(at);
      for (const [name, service] of services) variables[name] = { ...service.view(at) };
      for (const { service, signal, observed } of subjects)
        (variables[service] as Record<string, unknown>)[signal] = observed.view(at);
      return { variables, fault: (step) => steps.get(step)?.view(at) };
    },
  };
}

function builtInsChangedBy(event: HistoryEvent): readonly string[] {
  if (event.event === "phase.begin") return ["phase"];
  if (event.event === "service.log") return [];
  if ("service" in event) return [event.service];
  if ("link" in event) return [event.link];
  return "step" in event ? ["fault"] : [];
}
