/**
 * From YAML text to a tree with positions, and how a scalar is written. The one file that imports `yaml`: version 1.2, where `on` and `no` are
 * words and not booleans.
 */
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseAllDocuments, parseDocument } from "yaml";
import type { Document, Scalar } from "yaml";
import type { Problem } from "../errors.ts";
import { problemAt } from "./tree.ts";
import type { Entry, Path, Place, Tree } from "./tree.ts";

/** A plan has some hundred nodes; more than this comes from aliases that multiply. */
const maximumNodes = 50_000;
const maximumDepth = 50;
/** What is wrong further down is mostly a consequence. */
const maximumSyntaxProblems = 20;

export interface YamlResult {
  /** Absent if the text can't be understood. */
  readonly tree?: Tree;
  readonly problems: readonly Problem[];
}

export function readYaml(file: string, text: string): YamlResult {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    version: "1.2",
  });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const start: Place = { file, line: 1, column: 1 };

  const [document, second] = "empty" in documents ? [] : documents;
  const problems: Problem[] = (document === undefined ? [] : [...document.errors, ...document.warnings])
    .slice(0, maximumSyntaxProblems)
    .map((error) => problemAt(placeAt(error.pos[0]), [], describe(error.code, error.message)));
  if (second !== undefined) {
    problems.push(problemAt(placeAt(second.range[0]), [], "write one plan a file: a second document begins here"));
  }
  if (document === undefined || document.contents === null) {
    if (problems.length === 0)
      problems.push(problemAt(start, [], "the file is empty: write at least plan, services and phases"));
    return { problems };
  }
  const broken = document.errors.length > 0;
  const converted = convert(document, text, placeAt);
  problems.push(...(broken ? [] : converted.problems));
  return broken || converted.tree === undefined ? { problems } : { tree: converted.tree, problems };
}

const tooMuch = "this is too much for a plan: its aliases multiply, or it is nested too deeply";

function describe(code: string, message: string): string {
  switch (code) {
    case "TAB_AS_INDENT":
      return "write spaces: YAML does not allow tabs as indentation";
    case "TAG_RESOLVE_FAILED":
      return "leave out the tag: plans have plain text, numbers, lists and maps only";
    default:
      // Nesting that is deeper than the parser's stack.
      if (/call stack/i.test(message)) return tooMuch;
      return `this is not YAML: ${message[0]?.toLowerCase() ?? ""}${message.slice(1)}`;
  }
}

const scalar = (value: string | number | boolean | null, place: Place, placeOf?: (offset: number) => Place): Tree => ({
  type: "scalar",
  place,
  value,
  placeOf: placeOf ?? (() => place),
});

function convert(document: Document.Parsed, text: string, placeAt: (offset: number) => Place): YamlResult {
  const problems: Problem[] = [];
  let nodes = 0;
  let exploded = false;

  const visit = (node: unknown, path: Path, around: Place): Tree => {
    nodes++;
    if (nodes > maximumNodes || path.length > maximumDepth) {
      if (!exploded) problems.push(problemAt(around, [], tooMuch));
      exploded = true;
    }
    if (exploded) return scalar(null, around);
    if (isAlias(node)) {
      const place = placeOfNode(node, around);
      const anchored = node.resolve(document);
      if (anchored === undefined)
        problems.push(problemAt(place, path, `there is no anchor called &${node.source} before this`));
      return visit(anchored, path, place);
    }
    const place = placeOfNode(node, around);
    if (isSeq(node))
      return { type: "list", place, items: node.items.map((item, index) => visit(item, [...path, index], place)) };
    if (isMap(node)) {
      const entries = new Map<string, Entry>();
      for (const pair of node.items) {
        const keyPlace = placeOfNode(pair.key, place);
        if (!isScalar(pair.key) || !["string", "number", "boolean"].includes(typeof pair.key.value)) {
          problems.push(problemAt(keyPlace, path, "write a plain word as the key"));
          continue;
        }
        const key = isScalar(pair.key) ? (pair.key.source ?? String(pair.key.value)) : "";
        if (entries.has(key) || key === "__proto__") {
          const message = key === "__proto__" ? "choose another key" : `${key} is written twice: keep one of them`;
          problems.push(problemAt(keyPlace, [...path, key], message));
          continue;
        }
        entries.set(key, { key: keyPlace, value: visit(pair.value, [...path, key], keyPlace) });
      }
      return { type: "map", place, entries };
    }
    if (!isScalar(node)) return scalar(null, place);
    const { value } = node;
    if (typeof value === "string" || typeof value === "boolean" || value === null)
      return scalar(value, place, characters(node));
    if (typeof value === "number" && Number.isFinite(value)) return scalar(value, place);
    problems.push(problemAt(place, path, `write a finite number or a text in quotes, not ${node.source ?? "this"}`));
    return scalar(null, place);
  };

  const placeOfNode = (node: unknown, around: Place): Place => {
    const range =
      typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range) ? node.range : [];
    return typeof range[0] === "number" ? placeAt(range[0]) : around;
  };

  /** Characters can be counted where the text stands as it is; in folded or escaped text every error points to the beginning. */
  const characters = (node: Scalar): ((offset: number) => Place) | undefined => {
    const [from, to] = node.range ?? [];
    if (from === undefined || to === undefined || typeof node.value !== "string") return undefined;
    const source = text.slice(from, to);
    const quotes =
      source === node.value ? 0 : source === `"${node.value}"` || source === `'${node.value}'` ? 1 : undefined;
    return quotes === undefined ? undefined : (offset) => placeAt(from + quotes + offset);
  };

  const tree = visit(document.contents, [], placeAt(0));
  return exploded ? { problems } : { tree, problems };
}

/** As it stands inside of `[…]` and `{…}`, or behind `key: `: in quotes only if it would be read as something else without them. */
export function scalarText(value: string | number | boolean | null, place: "flow" | "block"): string {
  if (typeof value !== "string") return JSON.stringify(value);
  const context = place === "flow" ? `{ key: [${value}] }` : `key: ${value}\nnext: 1`;
  const meant = place === "flow" ? { key: [value] } : { key: value, next: 1 };
  return readsAs(context, meant) ? value : JSON.stringify(value);
}

function readsAs(text: string, meant: unknown): boolean {
  const read = parseDocument(text, { logLevel: "silent", version: "1.2" });
  if (read.errors.length > 0 || read.warnings.length > 0) return false;
  try {
    return JSON.stringify(read.toJS()) === JSON.stringify(meant);
  } catch {
    // An alias of nothing.
    return false;
  }
}
