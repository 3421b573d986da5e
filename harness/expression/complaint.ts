/** What CEL complains about, in the words of a plan's author: what is wrong, with which value, and what to write instead. */
import { durationUnit, sizeUnit } from "../../faults/units.ts";
import type { Scope, ValueType } from "./expression.ts";
import type { CelNode } from "./guard.ts";
import { hint } from "../../faults/nearest.ts";

/** An error of the library, as far as we look. */
export interface CelFailure {
  readonly message: string;
  readonly code?: string;
  readonly summary?: string;
  readonly node?: unknown;
  readonly range?: { readonly start: number; readonly end: number };
}

export interface Surroundings {
  /** The author's text of a node. */
  readonly slice: (node: { readonly start: number; readonly end: number }) => string;
  readonly scope: Scope;
  readonly eventMembers: ReadonlyMap<string, ValueType>;
  readonly faultType: ValueType;
  readonly typeNamed: (name: string) => ValueType;
}

export interface Complaint {
  readonly message: string;
  /** In the rewritten text. */
  readonly offset: number;
}

type CheckedNode = CelNode & { readonly checkedType?: { readonly name: string } };

export function complaintAbout(failure: CelFailure, surroundings: Surroundings): Complaint {
  const node = failure.node as CheckedNode | undefined;
  const start = failure.range?.start ?? 0;
  const summary = failure.summary ?? failure.message;
  const indexed = /^cannot index type '(\w+)'/i.exec(summary)?.[1];
  if (indexed !== undefined) {
    const message = `a value of type ${indexed} has no members: count, age and last are those of an event (as: event)`;
    return { message, offset: start };
  }
  switch (failure.code ?? "") {
    case "unknown_variable": {
      const name = typeof node?.args === "string" ? node.args : "";
      const names = [...surroundings.scope.variables.keys(), ...(surroundings.scope.steps.size > 0 ? ["fault"] : [])];
      return { message: `there is no ${name} here: ${hint(name, names)}`, offset: start };
    }
    case "no_such_key":
      return noSuchMember(node, start, surroundings);
    case "no_such_overload":
      return wrongOperands(node, start, surroundings);
    case "invalid_logical_operand": {
      const event = operandsOf(node).find(({ checkedType }) => checkedType?.name === "event");
      if (event !== undefined) return { message: eventHint(surroundings.slice(event)), offset: event.start };
      const wrong = operandsOf(node).find(
        ({ checkedType }) => checkedType !== undefined && !["bool", "dyn"].includes(checkedType.name),
      );
      if (wrong === undefined) return { message: summary, offset: start };
      return {
        message: `${surroundings.slice(wrong)} is ${typeOf(wrong, surroundings)}, where a condition (bool) belongs`,
        offset: wrong.start,
      };
    }
    case "no_matching_overload": {
      const [called] = Array.isArray(node?.args) ? node.args : [];
      const inner = Array.isArray(node?.args) ? (node.args as readonly unknown[]).flat().filter(isChecked) : [];
      const given = inner
        .map((argument) => `${surroundings.slice(argument)} is ${typeOf(argument, surroundings)}`)
        .join(" and ");
      return { message: `${String(called)} does not take this${given === "" ? "" : `: ${given}`}`, offset: start };
    }
    case "limit_exceeded":
      return { message: "the expression is too deep or too long: split it into several", offset: start };
    case "unexpected_character":
      if (summary.endsWith(": =")) return { message: "write == to compare", offset: start };
      return { message: lowerFirst(summary), offset: start };
    case "unexpected_token":
    case "expected_token":
      if (/\bEOF\b/.test(summary.split(", got ").at(-1) ?? ""))
        return { message: "the expression ends too early", offset: start };
      return { message: lowerFirst(summary), offset: start };
    default:
      return { message: lowerFirst(summary), offset: start };
  }
}

function noSuchMember(
  node: CheckedNode | undefined,
  start: number,
  { slice, typeNamed, eventMembers }: Surroundings,
): Complaint {
  const [owner, key] = Array.isArray(node?.args) ? (node.args as readonly unknown[]) : [];
  if (!isChecked(owner)) return { message: "there is no such member", offset: start };
  const name = typeof key === "string" ? key : isChecked(key) ? String(key.args) : String(key);
  const type = typeNamed(owner.checkedType?.name ?? "dyn");
  const members = typeof type === "object" ? type.members.keys() : type === "event" ? eventMembers.keys() : [];
  return { message: `${slice(owner)} has no ${name}: ${hint(name, members)}`, offset: start };
}

function wrongOperands(node: CheckedNode | undefined, start: number, surroundings: Surroundings): Complaint {
  const { slice } = surroundings;
  const operands = operandsOf(node);
  const [left, right] = operands;
  const operator = (node?.op ?? "").replace("_", "");
  if (left === undefined || right === undefined) {
    const only = left ?? right;
    if (only === undefined) return { message: "this operator does not fit what it stands between", offset: start };
    return {
      message: `${operator} does not fit ${slice(only)}, which is ${typeOf(only, surroundings)}`,
      offset: start,
    };
  }
  const event = operands.find(({ checkedType }) => checkedType?.name === "event");
  if (event !== undefined) return { message: eventHint(slice(event)), offset: event.start };
  for (const [quantity, number] of [
    [left, right],
    [right, left],
  ] as const) {
    const unit = quantity.checkedType?.name;
    if (!["int", "double"].includes(number.checkedType?.name ?? "")) continue;
    if (unit === "duration") {
      const message = `${slice(quantity)} is a duration and ${slice(number)} is a bare number: ${durationUnit.help}`;
      return { message, offset: number.start };
    }
    if (unit === "size") {
      const message = `${slice(quantity)} is a size and ${slice(number)} is a bare number: ${sizeUnit.help}`;
      return { message, offset: number.start };
    }
  }
  const described = operands.map((operand) => `${slice(operand)} is ${typeOf(operand, surroundings)}`).join(" and ");
  return { message: `${operator} does not fit: ${described}`, offset: start };
}

function eventHint(text: string): string {
  return `${text} is an event, not a value: use its count, its age or its last value, such as ${text}.count > 0`;
}

function operandsOf(node: CheckedNode | undefined): readonly CheckedNode[] {
  if (node === undefined) return [];
  if (Array.isArray(node.args)) return node.args.filter(isChecked);
  return isChecked(node.args) ? [node.args] : [];
}

function isChecked(value: unknown): value is CheckedNode {
  return typeof value === "object" && value !== null && "op" in value && "start" in value;
}

function typeOf(node: CheckedNode, { typeNamed }: Surroundings): string {
  const name = node.checkedType?.name ?? "dyn";
  const type = name === "type" || name === "bytes" || name === "uint" ? undefined : typeNamed(name);
  if (type === undefined) return `of type ${name}`;
  if (typeof type === "object") return `an object with the members ${[...type.members.keys()].join(", ")}`;
  return type === "dynamic" ? "of any type" : `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
