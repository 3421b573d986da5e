/** Paths of a disk: `/` between names, `.` and `..` resolved, never above the root. */
import { posix } from "node:path";
import type { DirectoryNode, Node } from "./nodes.ts";

/** Bytes, on every file system of Linux. */
const longestName = 255;

/** The directory that holds the last name of a path. `fail` makes the error if something above it is missing, or a file. */
export function holderOf(
  root: DirectoryNode,
  path: string,
  fail: (code: "ENOENT" | "ENOTDIR" | "ENAMETOOLONG") => Error,
): Holder {
  const holder = within(root, path, fail);
  if (holder === undefined) throw fail("ENOENT");
  return holder;
}

/** The same; undefined if there is no such directory. */
export function within(
  root: DirectoryNode,
  path: string,
  fail?: (code: "ENOTDIR" | "ENAMETOOLONG") => Error,
): Holder | undefined {
  const parts = namesIn(path);
  if (fail !== undefined && parts.some(isTooLong)) throw fail("ENAMETOOLONG");
  const name = parts.pop();
  let directory = root;
  for (const part of parts) {
    const node = directory.entries.get(part);
    if (node?.kind === "file" && fail !== undefined) throw fail("ENOTDIR");
    if (node?.kind !== "directory") return undefined;
    directory = node;
  }
  return { directory, name, node: name === undefined ? root : directory.entries.get(name) };
}

export interface Holder {
  readonly directory: DirectoryNode;
  /** Undefined: the path is the root. */
  readonly name: string | undefined;
  readonly node: Node | undefined;
}

export function isTooLong(name: string): boolean {
  return Buffer.byteLength(name) > longestName;
}

export function namesIn(path: string): string[] {
  return posix
    .resolve("/", path)
    .split("/")
    .filter((name) => name !== "");
}

export function isBelow(path: string, above: string): boolean {
  const names = namesIn(path);
  return namesIn(above).every((name, index) => names[index] === name);
}

export function byName([one]: readonly [string, Node], [other]: readonly [string, Node]): number {
  return one < other ? -1 : 1;
}

export function pathsIn(root: DirectoryNode, kind: Node["kind"]): readonly string[] {
  const walk = (directory: DirectoryNode, above: string): readonly string[] =>
    [...directory.entries].flatMap(([name, node]) => [
      ...(node.kind === kind ? [`${above}${name}`] : []),
      ...(node.kind === "directory" ? walk(node, `${above}${name}/`) : []),
    ]);
  return walk(root, "").toSorted();
}
