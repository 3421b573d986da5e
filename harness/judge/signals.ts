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
import { createFaultSignals, createLinkSignals, createServiceSignals, linkMembers, serviceMembers } from "./builtin.ts";
import { toMoment } from "./moment.ts";
import { createObserved } from "./observed.ts";
import { createRoutes, type Declared } from "./routes.ts";

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
  for (const [name, link] of Object.entries(plan.links))
    variables.set(name, { object: name, members: linkMembers(link) });
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
  /** Returns what the event may have changed, otherwise than by age: `node` stands for all its members. */
  apply(event: HistoryEvent): readonly string[];
  /** As they are at a time that is not before the last event. To be used before anything else is asked of the signals. */
  bindings(at: number): Bindings;
}

export function createSignals(plan: Declaring): Signals {
  const declared = declaredBy(plan);
  const routes = createRoutes(declared);
  const { steps: stepNames } = declareSignals(plan);
  let now = 0;
  let began = 0;
  let phase = "";
  const current = (): number => now;
  const services = recordOf(Object.keys(plan.services), () => createServiceSignals(current));
  const links = recordOf(Object.keys(plan.links), () => createLinkSignals(current));
  const steps = recordOf(stepNames, () => createFaultSignals(current));

  const run = {
    get time() {
      return toMoment(now - began);
    },
  };
  const variables = Object.defineProperties(
    {},
    {
      ...Object.fromEntries(Object.entries(plan.constants).map(([name, { value }]) => [name, seen(() => value)])),
      run: seen(() => run),
      phase: seen(() => phase),
    },
  );
  for (const [name, { view }] of [...links, ...services])
    Object.defineProperty(
      variables,
      name,
      seen(() => view),
    );
  for (const { service, name, observed } of declared) {
    const owner = service === undefined ? variables : services.get(service)?.view;
    if (owner !== undefined)
      Object.defineProperty(
        owner,
        name,
        seen(() => observed.view(now)),
      );
  }
  const bindings: Bindings = { variables, fault: (step) => steps.get(step)?.view };

  return {
    apply(event) {
      const changed: string[] = [];
      routes.apply(event, changed);
      if (event.event === "run.begin") began = event.at;
      if (event.event === "phase.begin") {
        phase = event.phase;
        changed.push("phase");
      }
      if ("service" in event && event.event !== "service.log" && event.event !== "timekeeper.acts") {
        services.get(event.service)?.apply(event);
        changed.push(event.event === "clock.offset" ? `${event.service}.clock.offset` : event.service);
      }
      if ("link" in event) {
        links.get(event.link)?.apply(event);
        changed.push(event.link);
      }
      if ("step" in event) {
        steps.get(event.step)?.apply(event);
        changed.push(`fault(${JSON.stringify(event.step)})`);
      }
      return changed;
    },
    bindings(at) {
      now = at;
      return bindings;
    },
  };
}

function recordOf<Value>(names: Iterable<string>, create: () => Value): ReadonlyMap<string, Value> {
  return new Map([...names].map((name) => [name, create()]));
}

function seen(get: () => unknown): PropertyDescriptor {
  return { get, enumerable: true };
}

/** The plan's own observations, and those of its subjects. */
function declaredBy(plan: Declaring): readonly Declared[] {
  const own = Object.entries(plan.observe).map(([name, observation]): Declared => ({
    service: undefined,
    name,
    full: name,
    observation,
    observed: createObserved(observation, name),
  }));
  const subjects = Object.entries(plan.services).flatMap(([service, { subject }]) =>
    Object.entries(subject?.signals ?? {}).map(([name, signal]): Declared => {
      const full = `${service}.${name}`;
      const observation = { ...signal, service };
      return { service, name, full, observation, observed: createObserved(observation, full) };
    }),
  );
  return [...own, ...subjects];
}
