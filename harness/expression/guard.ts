/**
 * Walks a parsed expression before it is checked: lets through only what a condition needs, and collects what it looks at.
 *
 * CEL brings more than a plan should have: regular expressions that can run for ever, time stamps of a clock that we don't use, `dyn` that switches
 * type checking off. What is not in these lists is an error that says what there is.
 */
import { ExpressionError } from "./error.ts";
import { hint } from "../../faults/nearest.ts";
import type { Path } from "./path.ts";

/** A node of the syntax tree, as far as we look. Offsets are those of the rewritten text. */
export interface CelNode {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly end: number;
}

const functions: ReadonlySet<string> = new Set(["abs", "size", "fault", "int", "double", "string"]);
const macros: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "filter", "map"]);
const methods: ReadonlySet<string> = new Set([...macros, "startsWith", "endsWith", "contains", "size"]);

/** Loops over loops multiply; lists that were observed can have thousands of items. */
const maximumLoopDepth = 2;

/** Returns the nodes that read the world, in their order. @throws {ExpressionError} */
export function guard(root: CelNode, steps: ReadonlySet<string>): ReadonlyMap<CelNode, Path> {
  const reads = new Map<CelNode, Path>();

  const visit = (node: CelNode, bound: ReadonlySet<string>, loops: number): void => {
    const { base, members } = chainOf(node);
    if (base.op === "id" && typeof base.args === "string") {
      if (!bound.has(base.args) && !base.args.startsWith("_")) reads.set(node, [base.args, ...members]);
      return;
    }
    if (base.op === "call" && isCall(base.args) && base.args[0] === "fault") {
      const step = stepOf(base, base.args[1], steps);
      reads.set(node, [`fault(${JSON.stringify(step)})`, ...members]);
      return;
    }
    if (node.op === "call" && isCall(node.args)) {
      const [name, args] = node.args;
      if (!functions.has(name))
        throw new ExpressionError(`there is no function ${name}: ${hint(name, functions)}`, node.start);
      for (const argument of args) visit(argument, bound, loops);
      return;
    }
    if (node.op === "rcall" && isMethodCall(node.args)) {
      const [name, receiver, args] = node.args;
      if (!methods.has(name))
        throw new ExpressionError(`there is no method ${name}: ${hint(name, methods)}`, receiver.end);
      visit(receiver, bound, loops);
      const looping = macros.has(name);
      if (looping && loops === maximumLoopDepth) {
        throw new ExpressionError(
          `${name} is nested too deep: ${maximumLoopDepth} loops inside each other are enough`,
          receiver.end,
        );
      }
      const [variable] = args;
      const inside = looping && typeof variable?.args === "string" ? new Set([...bound, variable.args]) : bound;
      for (const argument of args) visit(argument, inside, looping ? loops + 1 : loops);
      return;
    }
    for (const child of childrenOf(node.args)) visit(child, bound, loops);
  };

  visit(root, new Set(), 0);
  return reads;
}

/** `node`, and `ping` and `age`, of `node.ping.age`; the node itself and nothing if it is no chain of members. */
function chainOf(node: CelNode): { readonly base: CelNode; readonly members: Path } {
  const members: string[] = [];
  let base = node;
  while (base.op === "." && Array.isArray(base.args) && isNode(base.args[0])) {
    members.unshift(String(base.args[1]));
    base = base.args[0];
  }
  return { base, members };
}

function stepOf(call: CelNode, args: readonly CelNode[], steps: ReadonlySet<string>): string {
  const [step, ...others] = args;
  if (step?.op !== "value" || typeof step.args !== "string" || others.length > 0) {
    throw new ExpressionError(`write the name of a step in quotes, such as fault("storm")`, call.start);
  }
  if (!steps.has(step.args))
    throw new ExpressionError(`there is no step ${step.args}: ${hint(step.args, steps)}`, step.start);
  return step.args;
}

function isNode(value: unknown): value is CelNode {
  return typeof value === "object" && value !== null && "op" in value && "start" in value;
}

function isNodes(value: unknown): value is readonly CelNode[] {
  return Array.isArray(value) && value.every(isNode);
}

function isCall(args: unknown): args is readonly [string, readonly CelNode[]] {
  return Array.isArray(args) && typeof args[0] === "string" && isNodes(args[1]);
}

function isMethodCall(args: unknown): args is readonly [string, CelNode, readonly CelNode[]] {
  return Array.isArray(args) && typeof args[0] === "string" && isNode(args[1]) && isNodes(args[2]);
}

export function childrenOf(args: unknown): readonly CelNode[] {
  if (isNode(args)) return [args];
  return Array.isArray(args) ? args.flatMap((item) => childrenOf(item)) : [];
}

/** The same tree, wherever it stands in its text. */
export function areSame(one: unknown, other: unknown): boolean {
  if (isNode(one) && isNode(other)) return one.op === other.op && areSame(one.args, other.args);
  if (!Array.isArray(one) || !Array.isArray(other)) return Object.is(one, other);
  return one.length === other.length && one.every((item, n) => areSame(item, other[n]));
}
