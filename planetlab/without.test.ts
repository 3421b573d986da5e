/**
 * Switching a guard off deletes a check: no code runs only then. So a guard is asked in one of these ways:
 *
 *     if (guards.has("…")) check();                      nothing else, and nothing that only its absence lets pass
 *     guards.has("…") ? checked : plain                  where `plain` is a value, and one that is read with the guard as well;
 *     let x = plain; if (guards.has("…")) x = checked;   so is what a value is before a guard puts another in its place
 *     guards.has("…") ? checked(x) : x                   where the former takes over, or looks at, each member that it replaces
 *
 * Whether code runs at all, however it is asked for, suites/naive.test.ts sees. A value that is made and not used nobody sees run: those are found here.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isPlainNode, parsed, type Node } from "./plain.testing.ts";

const sources = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !/\.(?:test|testing)\.ts$/.test(path))
  .map((path) => ({ path, whole: readFileSync(join(import.meta.dirname, path), "utf8") }))
  .filter(({ whole }) => codeIn(whole).includes("guards.has("));

function codeIn(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

interface Asked {
  readonly guard: string;
  /** From the question on. */
  readonly rest: string;
  readonly before: string;
}

function askedIn(text: string): readonly Asked[] {
  return [...text.matchAll(/guards\s*\.has\(\s*("[^"]*"|[^)]*)\s*,?\s*\)/g)].map((match) => ({
    guard: match[1] ?? "",
    rest: text.slice(match.index + match[0].length),
    before: text.slice(0, match.index),
  }));
}

/** Up to where it ends at this depth of brackets. */
function upTo(text: string, ends: string): string {
  let depth = 0;
  for (let n = 0; n < text.length; n++) {
    const character = text[n] ?? "";
    if (depth === 0 && ends.includes(character) && text.slice(n, n + 2) !== "=>") return text.slice(0, n);
    if ("([{".includes(character)) depth += 1;
    if (")]}".includes(character)) depth -= 1;
    if (depth < 0) return text.slice(0, n);
  }
  return text;
}

/** The values that are made in vain where the guard is on. */
function unusedIn(text: string): readonly string[] {
  const program = parsed(text);
  if (program === undefined) throw new Error("it can't be parsed");
  const nodes = [...within(program)];
  const textOf = (node: Node): string => text.slice(node.start, node.end);
  const reads = (name: string): number =>
    nodes.filter((node) => node.type === "Identifier" && node["name"] === name && !declared.has(node)).length;
  const declared = new Set(nodes.flatMap(declaredBy));
  /** What does nothing, or is a constant, costs nothing. */
  const isMadeInVain = (name: unknown): boolean =>
    nodes.some((node) => declares(node, name) && !isPlainNode((node["init"] as Node | undefined) ?? node)) &&
    reads(String(name)) < 2;
  const isUsed = (node: Node): boolean =>
    [...within(node)].every(({ type, name }) => type !== "Identifier" || !isMadeInVain(name));
  const isGuard = (node: Node): boolean => /^(?:\w+\.)*guards\s*\.has\("[^"]*",?\)$/.test(textOf(node));

  return nodes.flatMap((node) => {
    if (node.type === "ConditionalExpression" && isGuard(child(node, "test"))) {
      const [checked, plain] = [child(node, "consequent"), child(node, "alternate")];
      const isFine = isPlainNode(plain) && isUsed(plain) && replacedMembers(checked, plain, nodes).length === 0;
      return isFine ? [] : [textOf(plain)];
    }
    if (node.type === "IfStatement" && isGuard(child(node, "test")))
      return [...within(child(node, "consequent"))]
        .filter(({ type, operator }) => type === "AssignmentExpression" && operator === "=")
        .flatMap((assignment) => {
          const target = textOf(child(assignment, "left"));
          const isRead = (from: number, to: number): boolean =>
            new RegExp(String.raw`(?<![.\w])${RegExp.escape(target)}\b`).test(text.slice(from, to));
          const before = nodes
            .map((each) => ({ value: givenTo(target, each, textOf), end: each.end }))
            .findLast(({ value, end }) => value !== undefined && end <= node.start);
          const right = child(assignment, "right");
          if (before?.value === undefined || isRead(before.end, node.start) || isRead(right.start, right.end))
            return [];
          return isPlainNode(before.value) && isUsed(before.value) ? [] : [textOf(before.value)];
        });
    return [];
  });
}

function child(node: Node, key: string): Node {
  return node[key] as Node;
}

function* within(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node))
    for (const each of Array.isArray(value) ? (value as readonly unknown[]) : [value])
      if (typeof each === "object" && each !== null && "type" in each) yield* within(each as Node);
}

/** Names, where they are given to something. */
function declaredBy(node: Node): readonly Node[] {
  if (node.type === "VariableDeclarator" || node.type === "FunctionDeclaration") return [child(node, "id")];
  if (node.type.startsWith("Import") && node["local"] !== undefined)
    return [child(node, "local"), child(node, "imported")];
  return [];
}

function declares(node: Node, name: unknown): boolean {
  return declaredBy(node).some((each) => (each as Node | undefined)?.["name"] === name);
}

/** What a variable, or a member, gets there. */
function givenTo(target: string, node: Node, textOf: (node: Node) => string): Node | undefined {
  if (node.type === "VariableDeclarator" && textOf(child(node, "id")).split(":")[0] === target)
    return (node["init"] as Node | null) ?? undefined;
  if (node.type === "AssignmentExpression" && textOf(child(node, "left")) === target) return child(node, "right");
  return undefined;
}

/** Members of a value that is handed on, which the function called takes no notice of, and replaces. */
function replacedMembers(checked: Node, plain: Node, nodes: readonly Node[]): readonly string[] {
  if (checked.type !== "CallExpression" || plain.type !== "Identifier") return [];
  const nth = (checked["arguments"] as readonly Node[]).findIndex(({ name }) => name === plain["name"]);
  const called = child(checked, "callee")["name"];
  const callee = nodes.find((node) => declares(node, called));
  const made = callee?.type === "VariableDeclarator" ? child(callee, "init") : callee;
  const given = (made?.["params"] as readonly Node[] | undefined)?.[nth]?.["name"];
  if (made === undefined || given === undefined) return [];
  const all = [...within(made)];
  const looksAt = (key: unknown): boolean =>
    all.some(
      (node) =>
        node.type === "MemberExpression" &&
        child(node, "object")["name"] === given &&
        (node["computed"] === true || child(node, "property")["name"] === key),
    );
  return all
    .filter(({ type }) => type === "ObjectExpression")
    .flatMap((object) => {
      const properties = object["properties"] as readonly Node[];
      const from = properties.findIndex(
        ({ type, argument }) => type === "SpreadElement" && (argument as Node)["name"] === given,
      );
      return from < 0 ? [] : properties.slice(from + 1).map((property) => child(property, "key")["name"]);
    })
    .filter((key) => !looksAt(key))
    .map(String);
}

describe.each(sources)("$path", ({ whole }) => {
  const asked = askedIn(codeIn(whole));

  test("asks for guards by name, and never for the absence of one", () => {
    expect(asked.filter(({ guard }) => !guard.startsWith('"')).map(({ guard }) => guard)).toEqual([]);
    expect(asked.filter(({ before }) => /!\s*(?:[\w.]+\.)?$/.test(before)).map(({ guard }) => guard)).toEqual([]);
  });

  test("has nothing to do otherwise: no else, and no return before what then runs only without the guard", () => {
    const wrong = asked.filter(({ rest, before }) => {
      // Where the guard is one condition of several, what follows runs with it as well.
      const alone = /\bif \((?:[\w.]+\.)?$/.test(before) && /^\s*\)/.test(rest);
      const then = rest.replace(/^\s*\)\s*/, "");
      const statement = then.startsWith("{") ? `{${upTo(then.slice(1), "")}}` : `${upTo(then, ";")};`;
      const after = then.slice(statement.length).trimStart();
      return alone && (after.startsWith("else") || (/^(?:return|throw)\b/.test(then) && !after.startsWith("}")));
    });
    expect(wrong.map(({ guard }) => guard)).toEqual([]);
  });

  test("makes no value that only a daemon without the guard uses", () => {
    expect(unusedIn(whole)).toEqual([]);
  });
});

describe("a value is found", () => {
  test.for([
    ["that is made for nobody else", `const plain = make(); use(guards.has("a") ? careful() : plain);`],
    ["that is made in the place", `use(guards.has("a") ? careful() : make());`],
    ["that a guard overwrites", `let x = make(); if (guards.has("a")) x = careful(); use(x);`],
    [
      "that a guard overwrites where it is compared",
      `let x = y > 1; if (guards.has("a")) { x = careful(); } use(x, y);`,
    ],
    ["that a guard overwrites in an object", `x.limit = make(); if (guards.has("a")) x.limit = careful(); use(x);`],
    [
      "that is a member",
      `const x = { a: make() }; const f = (x) => ({ ...x, a: careful() }); use(guards.has("a") ? f(x) : x);`,
    ],
  ] as const)("%s", ([, text]) => {
    expect(unusedIn(text)).not.toEqual([]);
  });

  test.for([
    [`if (guards.has("a")) check();`],
    [`const plain = () => 0; const careful = () => check() + plain(); use(guards.has("a") ? careful : plain);`],
    [`let x; if (guards.has("a")) x = careful(); use(x);`],
    [`let x = make(); if (guards.has("a")) x = careful(x); use(x);`],
    [`let x = make(); log(x); if (guards.has("a")) x = careful(); use(x);`],
    [`const y = make(); log(y); let x = !y; if (guards.has("a")) x = careful(); use(x);`],
    [`const x = make(); const f = (x) => ({ ...x, a: careful(x.a) }); use(guards.has("a") ? f(x) : x);`],
  ] as const)("and not taken for one: %s", ([text]) => {
    expect(unusedIn(text)).toEqual([]);
  });
});
