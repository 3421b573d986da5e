import type { Written } from "../plan/schema.ts";

/** As it would stand in a plan: `{ rate: 200B/s }`. */
export function flowText(value: Written): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => flowText(item as Written)).join(", ")}]`;
  const entries = Object.entries(value).map(([name, item]) => `${name}: ${flowText(item)}`);
  return entries.length === 0 ? "" : `{ ${entries.join(", ")} }`;
}
