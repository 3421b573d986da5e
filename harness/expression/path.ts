/** Chains of members, as expressions read them: `node.ping.age`, `fault("storm").hits`. */
import type { Bindings, Scope, ValueType } from "./expression.ts";

/** From a name of the scope, or from `fault("storm")`. */
export type Path = readonly string[];

export const eventMembers: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  ["count", "int"],
  ["age", "age"],
  ["last", "dynamic"],
]);

/** What `fault("name")` is: `hits` over all occurrences, `started` and `ended` one event an occurrence. */
export const faultType: ValueType = {
  object: "fault",
  members: new Map<string, ValueType>([
    ["active", "bool"],
    ["hits", "int"],
    ["started", "event"],
    ["ended", "event"],
  ]),
};

/** What is at the end of a chain of members; `dynamic` below a value whose members are not known. */
export function typeAt([root = "", ...members]: Path, { variables }: Scope): ValueType | undefined {
  let type = root.startsWith("fault(") ? faultType : variables.get(root);
  for (const member of members) {
    if (type === undefined || (typeof type === "string" && type !== "event")) return "dynamic";
    type = (type === "event" ? eventMembers : type.members).get(member);
  }
  return type;
}

export function valueAt([root = "", ...members]: Path, bindings: Bindings): unknown {
  let value = root.startsWith("fault(")
    ? bindings.fault(JSON.parse(root.slice("fault(".length, -1)) as string)
    : bindings.variables[root];
  for (const member of members) value = (value as Readonly<Record<string, unknown>> | undefined)?.[member];
  return value;
}
