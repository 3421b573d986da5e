/**
 * Walks a parsed expression before it is checked: lets through only what a condition needs, and collects what it looks at.
 *
 * CEL brings more than a plan should have: regular expressions that can run for ever, time stamps of a clock that we don't use, `dyn` that switches
 * type checking off. What is not in these lists is an error that says what there is.
 */
import { ExpressionError } from "./error.ts";
import { hint } from "./nearest.ts";

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

/** Returns the nodes that read the world: chains of members from a name of the scope or from `fault("…")`. @throws {ExpressionError} */
export function guard(root: CelNode, steps: ReadonlySet<string>): readonly CelNode[] {
  const reads: CelNode[] = [];

  const visit = (node: CelNode, bound: ReadonlySet<string>, loops: number): void => {
    const base = baseOf(node);
    if (isNode(base) && base.op === "id" && typeof base.args === "string") {
      if (!bound.has(base.args) && !base.args.startsWith("_")) reads.push(node);
      return;
    }
    if (base.op === "call" && isCall(base.args) && base.args[0] === "fault") {
      checkFault(base, base.args[1], steps);
      reads.push(node);
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

/** `node` of `node.ping.age`; the node itself if it is no chain of members. */
function baseOf(node: CelNode): CelNode {
  let base = node;
  while (base.op === "." && Array.isArray(base.args) && isNode(base.args[0])) base = base.args[0];
  return base;
}

function checkFault(call: CelNode, args: readonly CelNode[], steps: ReadonlySet<string>): void {
  const [step, ...others] = args;
  if (step?.op !== "value" || typeof step.args !== "string" || others.length > 0) {
    throw new ExpressionError(`write the name of a step in quotes, such as fault("storm")`, call.start);
  }
  if (!steps.has(step.args))
    throw new ExpressionError(`there is no step ${step.args}: ${hint(step.args, steps)}`, step.start);
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

function childrenOf(args: unknown): readonly CelNode[] {
  if (isNode(args)) return [args];
  return Array.isArray(args) ? args.flatMap((item) => childrenOf(item)) : [];
}
