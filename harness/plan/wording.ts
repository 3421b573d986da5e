/** How an expectation is called by its text: `never node.exited`, in reports and by controls. */
import { textAt } from "./raw.ts";
import type { Raw } from "./raw.ts";

/** As it is written under this word; undefined if nothing is. */
export function wordingOf(raw: Raw, word: string): string | undefined {
  const expression = textAt(raw, word);
  if (expression === undefined) return undefined;
  return word === "whenever" ? `whenever ${expression} then ${textAt(raw, "then") ?? ""}` : `${word} ${expression}`;
}

/** Texts that differ in their spaces are the same. */
export const squeeze = (text: string): string => text.trim().replaceAll(/\s+/g, " ");
