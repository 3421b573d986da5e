/** JSON with something else at a path. Numbers that nobody has touched stay as they were written. */
import type { Patch } from "./path.ts";

/** Members that are written twice, by the object that has them. */
type Twice = Map<object, readonly string[]>;

/** Undefined if the text is no JSON, or nested too deeply for us, or has nothing there. */
export function patchJson(text: string, patch: Patch): string | undefined {
  try {
    const root: unknown = JSON.parse(text, (_key, parsed: unknown, context?: { readonly source?: string }) =>
      typeof parsed === "number" && context?.source !== undefined ? rawJson(context.source) : parsed,
    );
    return patched(root, patch);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function patched(root: unknown, { steps, action, value }: Patch): string | undefined {
  const last = steps.at(-1) ?? "";
  const twice: Twice = new Map();
  let touched = 0;
  for (const parent of reached([root], steps.slice(0, -1)))
    touched += change(parent, last, action, meant(value), twice);
  if (touched === 0) return undefined;
  return twice.size === 0 ? JSON.stringify(root) : written(root, twice);
}

function reached(from: readonly unknown[], steps: readonly string[]): readonly unknown[] {
  return steps.reduce<readonly unknown[]>(
    (all, step) => all.flatMap((each) => (isContainer(each) ? keysIn(each, step).map((key) => each[key]) : [])),
    from,
  );
}

function change(parent: unknown, step: string, action: Patch["action"], value: unknown, twice: Twice): number {
  if (!isContainer(parent)) return 0;
  const present = keysIn(parent, step);
  const keys = action === "set" && present.length === 0 && !Array.isArray(parent) && step !== "*" ? [step] : present;
  // From the end, so that what is taken out or put in moves nothing that is still to come.
  for (const key of keys.toReversed()) {
    if (action === "set") Object.defineProperty(parent, key, { ...plain, value });
    else if (Array.isArray(parent))
      parent.splice(Number(key), action === "remove" ? 1 : 0, ...again(parent, key, action));
    else if (action === "remove") delete parent[key];
    // An object can't have the same member twice, but its text can.
    else twice.set(parent, keys);
  }
  return keys.length;
}

function written(value: unknown, twice: Twice): string {
  if (!isContainer(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((each) => written(each, twice)).join(",")}]`;
  const members = Object.entries(value).flatMap(([key, each]) => {
    const member = `${JSON.stringify(key)}:${written(each, twice)}`;
    return twice.get(value)?.includes(key) === true ? [member, member] : [member];
  });
  return `{${members.join(",")}}`;
}

/** Also for a key such as `__proto__`. */
const plain = { enumerable: true, writable: true, configurable: true } as const;

function again(list: readonly unknown[], key: string, action: Patch["action"]): readonly unknown[] {
  return action === "remove" ? [] : [list[Number(key)]];
}

function keysIn(container: object, step: string): readonly string[] {
  if (step === "*") return Object.keys(container);
  return Object.hasOwn(container, step) && (!Array.isArray(container) || /^\d+$/.test(step)) ? [step] : [];
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !isRaw(value);
}

/** What reads as JSON is meant as such, anything else as text. */
function meant(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

// In Node since 22, and not yet in the types.
const json = JSON as unknown as {
  readonly rawJSON: (source: string) => object;
  readonly isRawJSON: (value: unknown) => boolean;
};
const rawJson = (source: string): object => json.rawJSON(source);
const isRaw = (value: unknown): boolean => json.isRawJSON(value);
