/** JSON with something else at a path. Numbers that nobody has touched stay as they were written. */
import type { Patch } from "./path.ts";

/** Undefined if the text is no JSON, or has nothing there. */
export function patchJson(text: string, { steps, action, value }: Patch): string | undefined {
  let root: unknown;
  try {
    root = JSON.parse(text, (_key, parsed: unknown, context?: { readonly source?: string }) =>
      typeof parsed === "number" && context?.source !== undefined ? rawJson(context.source) : parsed,
    );
  } catch {
    return undefined;
  }
  const last = steps.at(-1) ?? "";
  let touched = 0;
  for (const parent of reached([root], steps.slice(0, -1))) touched += change(parent, last, action, meant(value));
  return touched === 0 ? undefined : JSON.stringify(root);
}

function reached(from: readonly unknown[], steps: readonly string[]): readonly unknown[] {
  return steps.reduce<readonly unknown[]>(
    (all, step) => all.flatMap((each) => (isContainer(each) ? keysIn(each, step).map((key) => each[key]) : [])),
    from,
  );
}

function change(parent: unknown, step: string, action: Patch["action"], value: unknown): number {
  if (!isContainer(parent)) return 0;
  const present = keysIn(parent, step);
  const keys = action === "set" && present.length === 0 && !Array.isArray(parent) && step !== "*" ? [step] : present;
  // From the end, so that what is taken out or put in moves nothing that is still to come.
  for (const key of keys.toReversed()) {
    if (action === "set") Object.defineProperty(parent, key, { ...plain, value });
    else if (Array.isArray(parent))
      parent.splice(Number(key), action === "remove" ? 1 : 0, ...again(parent, key, action));
    else if (action === "remove") delete parent[key];
    // An object can't have the same member twice.
    else return 0;
  }
  return keys.length;
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
