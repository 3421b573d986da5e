/**
 * A YAML document with the place of everything in it: what includes merge, and what every problem points into.
 */
import type { Problem } from "../errors.ts";
import type { Written } from "./schema.ts";

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type Tree = ScalarTree | ListTree | MapTree;

export interface ScalarTree {
  readonly type: "scalar";
  readonly place: Place;
  readonly value: string | number | boolean | null;
  /** Where its n-th character stands: for errors inside of expressions. */
  readonly placeOf: (offset: number) => Place;
}

export interface ListTree {
  readonly type: "list";
  readonly place: Place;
  readonly items: readonly Tree[];
}

export interface MapTree {
  readonly type: "map";
  readonly place: Place;
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  /** The place of the key. */
  readonly key: Place;
  readonly value: Tree;
}

export type Path = readonly (string | number)[];

export function toPlain(tree: Tree): Written {
  switch (tree.type) {
    case "scalar":
      return tree.value;
    case "list":
      return tree.items.map(toPlain);
    case "map":
      return Object.fromEntries([...tree.entries].map(([key, { value }]) => [key, toPlain(value)]));
  }
}

export function find(tree: Tree, path: Path): Tree | undefined {
  let found: Tree | undefined = tree;
  for (const key of path) {
    if (found?.type === "list") found = found.items[Number(key)];
    else if (found?.type === "map") found = found.entries.get(String(key))?.value;
    else return undefined;
  }
  return found;
}

/** The place of what is at the path, or, where nothing is there, of the nearest thing around it. */
export function placeOf(tree: Tree, path: Path): Place {
  for (let length = path.length; length >= 0; length--) {
    const found = find(tree, path.slice(0, length));
    if (found !== undefined) return found.place;
  }
  return tree.place;
}

/** The place of the last key of the path, for problems with the key itself. */
export function placeOfKey(tree: Tree, path: Path): Place {
  const parent = find(tree, path.slice(0, -1));
  if (parent?.type === "map") return parent.entries.get(String(path.at(-1)))?.key ?? parent.place;
  return placeOf(tree, path);
}

/** Such as `phases[1].faults[0].tcp.latency.delay`. */
export function formatPath(path: Path): string {
  return path.map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${key}`)).join("");
}

export function problemAt(place: Place, path: Path, message: string): Problem {
  return { ...place, path: formatPath(path), message };
}
