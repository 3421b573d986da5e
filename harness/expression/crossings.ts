/**
 * When can an expression change without an event? Only ages grow by themselves, so where each of them is only ever compared with something that does
 * not, the syntax tree has the answer:
 *
 *     node.alive && node.ping.age < 2 * period        node.ping.age crosses 2 * period
 *     node.ping.age < node.exits.age                  they grow alike: never
 *     abs(run.time - 5s) < 1s                         can't be told from here
 */
import type { ValueType } from "./expression.ts";
import { childrenOf, type CelNode } from "./guard.ts";
import type { Path } from "./path.ts";

/** An age, and what it is compared with. */
export interface Comparison {
  readonly path: Path;
  readonly limit: CelNode;
}

const comparisons: ReadonlySet<string> = new Set(["<", "<=", ">", ">=", "==", "!="]);

/** `reads` are those of the guard, `typeOf` says what is at the end of a path. `undefined`: it can't be told. */
export function crossingsOf(
  root: CelNode,
  reads: ReadonlyMap<CelNode, Path>,
  typeOf: (path: Path) => ValueType | undefined,
): readonly Comparison[] | undefined {
  const found: Comparison[] = [];

  /** False if it holds an age in any other place. */
  const visit = (node: CelNode): boolean => {
    const children = childrenOf(node.args);
    const [left, right] = children;
    if (comparisons.has(node.op) && left !== undefined && right !== undefined) {
      if (isAge(left) && isAge(right)) return true;
      for (const [age, limit] of [
        [left, right],
        [right, left],
      ] as const) {
        const path = reads.get(age);
        if (path === undefined || !isAge(age) || !isLimit(limit)) continue;
        found.push({ path, limit });
        return true;
      }
    }
    return reads.has(node) ? isSteady(node) : children.every(visit);
  };
  const typeAt = (node: CelNode): ValueType | undefined => {
    const path = reads.get(node);
    return path === undefined ? undefined : typeOf(path);
  };
  const isAge = (node: CelNode): boolean => typeAt(node) === "age";
  /** Whole objects and events have ages in them. */
  const isSteady = (node: CelNode): boolean => {
    const type = typeAt(node);
    return type !== "age" && type !== "event" && typeof type !== "object";
  };
  /** Of use by itself: without an age, and without a variable of a loop around it. */
  const isLimit = (node: CelNode): boolean => {
    if (reads.has(node)) return isSteady(node);
    if (node.op === "id") return typeof node.args === "string" && node.args.startsWith("_");
    return childrenOf(node.args).every(isLimit);
  };

  // An event by itself stands for how often it has happened.
  if (typeAt(root) === "event") return [];
  return visit(root) ? found : undefined;
}
