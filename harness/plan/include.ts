/**
 * Reads a plan with everything that it includes, and merges them: included files first, in order, each file once.
 *
 * Maps merge, lists append. A scalar that an included file has set can only be changed under `override:`, where lists are replaced as well: so
 * that nobody changes a shared plan by accident. `plan` and `about` belong to the file that they are in.
 */
import { planDocument } from "./document/plan.ts";
import type { Problem } from "../errors.ts";
import { find, problemAt } from "./tree.ts";
import type { Entry, MapTree, Path, Place, Tree } from "./tree.ts";
import { readYaml } from "./yaml.ts";

/** Reads a file by its path, from the folder that sinbin runs in or absolute. @throws {Error} with `code` ENOENT and so on. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

const maximumBytes = 1024 * 1024;
const maximumFiles = 50;

export interface Merged {
  readonly tree?: MapTree;
  readonly problems: readonly Problem[];
}

export async function readMerged(file: string, read: ReadFile): Promise<Merged> {
  const problems: Problem[] = [];
  const seen = new Set<string>();

  const load = async (
    path: string,
    includedAt: Place | undefined,
    stack: readonly string[],
  ): Promise<MapTree | undefined> => {
    const start: Place = { file: path, line: 1, column: 1 };
    const text = await readText(path, read);
    if (text.problem !== undefined) {
      problems.push(
        includedAt === undefined
          ? problemAt(start, [], text.problem)
          : problemAt(includedAt, ["include"], `${path}: ${text.problem}`),
      );
      return undefined;
    }
    const { tree, problems: own } = readYaml(path, text.text);
    problems.push(...own);
    if (tree === undefined) return undefined;
    if (tree.type !== "map") {
      problems.push(problemAt(tree.place, [], "write a map: plan, services, links, phases and so on"));
      return undefined;
    }
    const known = Object.keys(planDocument.shape);
    if (tree.entries.size > 0 && ![...tree.entries.keys()].some((key) => known.includes(key))) {
      // Nothing of a file that somebody's plan should not have included is repeated.
      problems.push(
        problemAt(includedAt ?? start, includedAt === undefined ? [] : ["include"], `${path}: ${notAPlan}`),
      );
      return undefined;
    }
    let merged: MapTree = { type: "map", place: tree.place, entries: new Map() };
    for (const { name, place } of includesOf(tree, problems)) {
      const target = join(path, name);
      if ([...stack, path].includes(target)) {
        problems.push(problemAt(place, ["include"], `${name} includes this file again: take one of the two out`));
        continue;
      }
      if (seen.has(target)) continue;
      if (seen.size >= maximumFiles) {
        problems.push(problemAt(place, ["include"], `include ${maximumFiles} files at most`));
        break;
      }
      seen.add(target);
      const included = await load(target, place, [...stack, path]);
      if (included !== undefined) merged = mergeMaps(merged, without(included, ["plan", "about"]), [], problems);
    }
    merged = mergeMaps(merged, without(tree, ["include", "override"]), [], problems);
    const override = tree.entries.get("override")?.value;
    if (override === undefined) return merged;
    if (override.type === "map") return replace(merged, override);
    problems.push(
      problemAt(override.place, ["override"], "write a map: what the included files set, as it should be instead"),
    );
    return merged;
  };

  const tree = await load(file, undefined, []);
  return tree === undefined ? { problems } : { tree, problems };
}

const notAPlan = "this is not a plan: it has none of the keys plan, services, links, phases and so on";

async function readText(
  path: string,
  read: ReadFile,
): Promise<{ text: string; problem?: never } | { problem: string }> {
  let bytes: Uint8Array;
  try {
    bytes = await read(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return { problem: "there is no such file" };
    if (code === "EISDIR") return { problem: "this is a folder: name a file" };
    return { problem: `the file can't be read: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (bytes.length > maximumBytes) {
    return { problem: `the file has ${(bytes.length / 1024 / 1024).toFixed(1)} MiB: a plan has 1 MiB at most` };
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? { problem: "this is not a text file" } : { text };
  } catch {
    return { problem: "this is not a text file in UTF-8" };
  }
}

function includesOf(tree: MapTree, problems: Problem[]): readonly { readonly name: string; readonly place: Place }[] {
  const include = tree.entries.get("include")?.value;
  if (include === undefined) return [];
  const message = "write a list of files, such as [../lib/one-node.yaml]";
  if (include.type !== "list") {
    problems.push(problemAt(include.place, ["include"], message));
    return [];
  }
  return include.items.flatMap((item, index) => {
    if (item.type === "scalar" && typeof item.value === "string" && item.value !== "")
      return [{ name: item.value, place: item.place }];
    problems.push(problemAt(item.place, ["include", index], message));
    return [];
  });
}

/** The path of a file that is written in another one. */
export function join(from: string, path: string): string {
  if (path.startsWith("/")) return path;
  const folder = from.includes("/") ? from.slice(0, from.lastIndexOf("/") + 1) : "";
  const parts: string[] = [];
  for (const part of `${folder}${path}`.split("/")) {
    if (part === ".." && parts.length > 0 && parts.at(-1) !== ".." && parts.at(-1) !== "") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function without(tree: MapTree, keys: readonly string[]): MapTree {
  return { ...tree, entries: new Map([...tree.entries].filter(([key]) => !keys.includes(key))) };
}

function mergeMaps(base: MapTree, over: MapTree, path: Path, problems: Problem[]): MapTree {
  const entries = new Map<string, Entry>(base.entries);
  for (const [key, entry] of over.entries) {
    const before = base.entries.get(key);
    entries.set(
      key,
      before === undefined
        ? entry
        : { key: entry.key, value: merge(before.value, entry.value, [...path, key], problems) },
    );
  }
  return { type: "map", place: over.place, entries };
}

function merge(before: Tree, after: Tree, path: Path, problems: Problem[]): Tree {
  if (before.type === "map" && after.type === "map") return mergeMaps(before, after, path, problems);
  if (before.type === "list" && after.type === "list") return { ...after, items: [...before.items, ...after.items] };
  if (before.type === "scalar" && after.type === "scalar" && before.value === after.value) return after;
  const { file, line } = before.place;
  problems.push(
    problemAt(after.place, path, `${file}:${line} has set this already: write it under override: to change it`),
  );
  return after;
}

function replace(base: MapTree, over: MapTree): MapTree {
  const entries = new Map<string, Entry>(base.entries);
  for (const [key, entry] of over.entries) {
    const before = find(base, [key]);
    const both = before?.type === "map" && entry.value.type === "map";
    entries.set(key, { key: entry.key, value: both ? replace(before, entry.value) : entry.value });
  }
  return { ...base, entries };
}
