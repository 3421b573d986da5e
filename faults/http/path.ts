/**
 * Where in a document: `/slivers/names/0` in JSON, `/slices/slice[2]/@name` in XML. A step is a name, in JSON also the index of an element, in XML
 * with a number in brackets the so-manieth of that name, and else all of them; `*` is whatever is there.
 */
import { z } from "zod";

const help = "write a path into the document, such as /slivers/names/0 (JSON) or /slices/slice[2]/@name (XML)";

export const documentPath = z
  .string(help)
  .regex(/^(?:\/[^/]+)+$/, help)
  .meta({ title: "path" });

export const actions = ["set", "remove", "duplicate"] as const;

export interface Patch {
  readonly steps: readonly string[];
  readonly action: (typeof actions)[number];
  /** What to set. */
  readonly value: string;
}

export function stepsOf(path: string): readonly string[] {
  return path.split("/").slice(1);
}
