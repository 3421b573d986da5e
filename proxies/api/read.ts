/** Bodies of the extended API: JSON, checked by a schema, and what is wrong with them in sentences. */
import { z } from "zod";
import { faultMeant } from "../../faults/meant.ts";
import { nearest } from "../../faults/nearest.ts";
import { ApiError } from "./errors.ts";

export interface Read<Of> {
  readonly parsed: Of;
  /** As it was written. */
  readonly raw: unknown;
}

/** What is said of a body that is wrong in many places. */
const mostProblems = 10;

/** @throws {ApiError} 400, with every problem: where it is, and what to write. */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: string): Read<z.output<Schema>> {
  const raw = jsonOf(body);
  const { data, error } = schema.safeParse(raw, { error: messageFor });
  if (error === undefined) return { parsed: data, raw };
  const problems = error.issues.flatMap((issue) => meant(issue, raw));
  throw new ApiError(400, problems.slice(0, mostProblems).map(sentence).join("; "));
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new ApiError(400, `the body is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

type Issue = z.core.$ZodIssue;

/** Of a union, the branch that knows the most of the keys that are there. */
function meant(issue: Issue, root: unknown): readonly Issue[] {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
  const [best = []] = [...issue.errors].sort((one, other) => distance(one) - distance(other));
  if (best.some(({ code, path }) => path.length === 0 && code === "unrecognized_keys")) return [issue];
  // None of its words is there.
  const nothing = best.every(({ path, message }) => path.length === 0 || (path.length === 1 && isMissing(message)));
  return nothing ? [issue] : best.flatMap((each) => meant({ ...each, path: [...issue.path, ...each.path] }, root));
}

function distance(issues: readonly Issue[]): number {
  return issues.reduce((sum, { code, path }) => sum + (path.length === 0 && code !== "custom" ? 100 : 1), 0);
}

function sentence({ path, message }: Issue): string {
  const place = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  return place === "" ? message : `${place.replace(/^\./, "")}: ${message}`;
}

const missing = "this is missing: ";
const isMissing = (message: string): boolean => message.startsWith(missing);

/** For schemas that have no message of their own. */
function messageFor(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "unrecognized_keys") {
    const known = issue.inst instanceof z.ZodObject ? Object.keys(issue.inst.shape) : [];
    return issue.keys.map((key) => unknownKey(key, known)).join("; ");
  }
  if (issue.code !== "invalid_type") return undefined;
  const what =
    issue.expected === "object" || issue.expected === "record" ? "an object" : `a value of type ${issue.expected}`;
  return `${issue.input === undefined ? missing : ""}write ${what}`;
}

/** Faults have a dot in them. */
function unknownKey(key: string, known: readonly string[]): string {
  const isFault = key.includes(".");
  const candidates = known.filter((name) => name.includes(".") === isFault);
  const meant = isFault ? faultMeant(key, candidates) : nearest(key, candidates);
  return `there is no key ${key} here${meant === undefined ? "" : `: did you mean ${meant}?`}`;
}
