/** Looking into a document that may be wrong in any way. */
import type { Written } from "./schema.ts";
import type { Path } from "./tree.ts";

export type Raw = Readonly<Record<string, Written>>;

export function isRecord(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function recordAt(value: Written | undefined, key: string): Raw {
  const found = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return isRecord(found) ? found : {};
}

export function listAt(value: Written | undefined, key: string): readonly Written[] {
  const found = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return Array.isArray(found) ? found : [];
}

export function textAt(value: Written | undefined, key: string): string | undefined {
  const found = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof found === "string" ? found : undefined;
}

export function valueAt(document: Written, path: Path): Written | undefined {
  let found: Written | undefined = document;
  for (const key of path) {
    if (Array.isArray(found)) found = (found as readonly Written[])[Number(key)];
    else found = isRecord(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return found;
}
