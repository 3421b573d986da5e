/** What zod found wrong, as sentences that say what to write instead, at the place in the file where it stands. */
import { z } from "zod";
import type { Problem } from "../errors.ts";
import { faultHint, faultMeant } from "../../faults/meant.ts";
import { hint, nearest } from "../../faults/nearest.ts";
import { formulaPattern, referencePattern } from "./document/words.ts";
import { placeOf, placeOfKey, problemAt } from "./tree.ts";
import type { Path, Tree } from "./tree.ts";

type Issue = z.core.$ZodIssue;

const namePatterns = new Set([String(referencePattern), String(formulaPattern)]);

/** `writtenAt`: where something of the value stands in the tree. */
export function problemsOf(
  schema: z.ZodType,
  value: unknown,
  tree: Tree,
  writtenAt: (path: Path) => Path = (path) => path,
): readonly Problem[] {
  const { error } = schema.safeParse(value, { error: messageFor });
  if (error === undefined) return [];
  const issues = error.issues.flatMap((issue) => decided(issue, value)).map((issue) => orMissing(issue, value));
  return issues.filter((issue) => !isConsequence(issue, issues)).flatMap((issue) => toProblems(issue, tree, writtenAt));
}

function toProblems(issue: Issue, tree: Tree, writtenAt: (path: Path) => Path): readonly Problem[] {
  const path = writtenAt(pathOf(issue));
  if (issue.code === "unrecognized_keys") {
    const messages = issue.message.split("\n");
    return issue.keys.map((key, index) =>
      problemAt(placeOfKey(tree, [...path, key]), [...path, key], messages[index] ?? issue.message),
    );
  }
  const place = issue.code === "invalid_key" ? placeOfKey(tree, path) : placeOf(tree, path);
  return [problemAt(place, path, issue.message)];
}

const missing = "this is missing: ";

/** What a schema says of itself is of something that was written badly. */
function orMissing(issue: Issue, root: unknown): Issue {
  const isOfValue = issue.code === "invalid_type" || issue.code === "invalid_value" || issue.code === "invalid_union";
  if (!isOfValue || valueAt(root, pathOf(issue)) !== undefined || issue.message.startsWith(missing)) return issue;
  return { ...issue, message: `${missing}${issue.message}` };
}

function pathOf(issue: Issue): Path {
  return issue.path.map((key) => (typeof key === "number" ? key : String(key)));
}

/** No fault, because the one that is there is misspelt; and what could not be replaced has been reported where it was looked up. */
function isConsequence(issue: Issue, issues: readonly Issue[]): boolean {
  if (issue.code !== "custom") return false;
  if (issue.params?.["unresolved"] === true) return true;
  const keys: unknown = issue.params?.["keys"];
  if (!Array.isArray(keys)) return false;
  const path = issue.path.join("\n");
  return issues.some(
    (other) =>
      other.code === "unrecognized_keys" &&
      other.path.join("\n") === path &&
      other.keys.some((key) => isFaultKey(key) || faultMeant(key, keys as string[]) !== undefined),
  );
}

/** The branch of a union that was meant is the one of the same shape; the first of them, since scalars are named first. */
function decided(issue: Issue, root: unknown): readonly Issue[] {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
  const input = valueAt(root, pathOf(issue));
  const branches = issue.errors.map((errors) =>
    errors.flatMap((error) => decided({ ...error, path: [...issue.path, ...error.path] }, root)),
  );
  const inside = (branch: readonly Issue[]): boolean =>
    branch.every((error) => error.path.length > issue.path.length || !isShapeMismatch(error, input));
  const fitting = branches.filter((branch) => branch.length > 0 && inside(branch) && !branch.every(isUnnamed));
  if (typeof input === "string" && input.startsWith("$")) {
    return [{ ...issue, message: "write the name of a parameter behind $, in lower case, such as $gap" }];
  }
  if (typeof input === "string" && input.startsWith("=")) {
    return [{ ...issue, message: "write a space behind =, such as = period + jitter" }];
  }
  const strangers =
    fitting.length > 1 && fitting.every((branch) => branch.some(({ code }) => code === "unrecognized_keys"));
  if (strangers && issue.message !== anotherForm) return [issue];
  // A range, not the way to a parent folder.
  const ranges = typeof input === "string" && /[^/]\.\.[^/]/.test(input) ? fitting.toReversed() : fitting;
  const best = ranges.reduce<readonly Issue[] | undefined>(
    (chosen, branch) => (chosen === undefined || distance(branch) < distance(chosen) ? branch : chosen),
    undefined,
  );
  const chosen = best ?? branches[0] ?? [];
  return chosen.length === 0 ? [issue] : chosen;
}

/** It is neither `$name` nor `= expression`, and what begins as one of these is told apart before. */
function isUnnamed(issue: Issue): boolean {
  return issue.code === "invalid_format" && issue.format === "regex" && namePatterns.has(String(issue.pattern));
}

/** How far a value is from a branch: keys that the branch doesn't know count most. */
function distance(branch: readonly Issue[]): number {
  return branch.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? 10 * issue.keys.length : 1), 0);
}

function isShapeMismatch(issue: Issue, input: unknown): boolean {
  if (issue.code === "invalid_type") return true;
  return issue.code === "invalid_value" && issue.values.every((value) => typeof value !== typeof input);
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[key];
  }
  return value;
}

const anotherForm = "write a value of another form: see docs/plans.md";

/** Schemas that have a message of their own keep it; these are the sentences for all others. */
function messageFor(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(key, keysOf(issue.inst))).join("\n");
    case "invalid_type":
      return `${issue.input === undefined ? missing : ""}write ${nounFor(issue.expected)}`;
    case "invalid_value": {
      const values = issue.values.map(String);
      if (values.length === 1) return `write ${values[0]}`;
      const meant = typeof issue.input === "string" ? nearest(issue.input, values) : undefined;
      return meant === undefined ? `write one of ${values.join(", ")}` : `did you mean ${meant}?`;
    }
    case "too_small":
      return issue.origin === "array" || issue.origin === "string" || issue.origin === "object"
        ? `write at least ${String(issue.minimum)} ${issue.origin === "string" ? "characters" : "items"}`
        : `write a number ${issue.inclusive === true ? "of at least" : "above"} ${String(issue.minimum)}`;
    case "too_big":
      return issue.origin === "array" || issue.origin === "string"
        ? `write at most ${String(issue.maximum)} ${issue.origin === "string" ? "characters" : "items"}`
        : `write a number ${issue.inclusive === true ? "of at most" : "below"} ${String(issue.maximum)}`;
    case "invalid_key":
      return issue.issues[0]?.message ?? "choose another key";
    case "invalid_union":
      return anotherForm;
    case "custom":
    case "invalid_element":
    case "invalid_format":
    case "not_multiple_of":
      return undefined;
  }
}

function unknownKey(key: string, known: readonly string[]): string {
  const isFault = isFaultKey(key);
  const candidates = known.filter((name) => isFaultKey(name) === isFault);
  const plane = key.split(".")[0] ?? "";
  if (isFault && candidates.length > 0 && !candidates.some((name) => name.startsWith(`${plane}.`))) {
    const meant = faultMeant(key, candidates);
    const advice = meant === undefined ? ' (see "sinbin faults")' : `: did you mean ${meant}?`;
    return `there is no fault called ${key}: no subject of a service declares it, and there is no plane ${plane}${advice}`;
  }
  if (isFault && candidates.length > 0) return `there is no fault called ${key}: ${faultHint(key, candidates)}`;
  // A fault without its plane.
  const meant = nearest(key, candidates) === undefined ? faultMeant(key, known.filter(isFaultKey)) : undefined;
  return `there is no key ${key} here: ${meant === undefined ? hint(key, candidates) : `did you mean ${meant}?`}`;
}

function isFaultKey(key: string): boolean {
  return key.includes(".");
}

function keysOf(schema: unknown): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function nounFor(expected: string): string {
  switch (expected) {
    case "string":
      return "a text";
    case "number":
      return "a number";
    case "int":
      return "a whole number";
    case "boolean":
      return "true or false";
    case "array":
    case "tuple":
      return "a list, such as [a, b]";
    case "null":
      return "nothing";
    default:
      return "a map, such as { key: value }";
  }
}
