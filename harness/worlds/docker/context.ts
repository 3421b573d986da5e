/** A folder as a builder gets it: what its `.dockerignore` lets in, with a digest of all that an image made from it depends on. */
import { createHash } from "node:crypto";
import { lstat, readFile, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import ignoring from "@balena/dockerignore";
import { archiveFolder } from "./archive.ts";
import { codeOf } from "../../../host/error-code.ts";

export interface BuildContext {
  /** Files, by their paths in the folder, sorted. */
  readonly files: readonly string[];
  /** Of their paths, contents and whether they can be executed. */
  readonly digest: string;
  /** Of these only. */
  readonly digestOf: (keep: (file: string) => boolean) => string;
  readonly archive: () => Readable;
}

const alwaysOut = new Set([".git", "runs"]);

/** `needed` is let in whatever the ignore file says, as the builder needs it. */
export async function readContext(folder: string, needed: readonly string[] = []): Promise<BuildContext> {
  const rules = await readRules(join(folder, ".dockerignore"));
  const found = rules.filter(await listFiles(folder, "", rules.prunes));
  const files = [...new Set([...found, ...needed])].sort();
  const descriptions = await Promise.all(files.map((file) => describe(join(folder, file), file)));
  const digestOf = (keep: (file: string) => boolean): string => {
    const digest = createHash("sha256");
    for (const [index, file] of files.entries()) if (keep(file)) digest.update(descriptions[index] ?? "");
    return digest.digest("hex").slice(0, 16);
  };
  return {
    files,
    digest: digestOf(() => true),
    digestOf,
    archive: () => archiveFolder(folder, files),
  };
}

interface Rules {
  readonly filter: (files: readonly string[]) => readonly string[];
  /** Nothing below a folder can come in, so that nobody need look. */
  readonly prunes: (folder: string) => boolean;
}

async function readRules(path: string): Promise<Rules> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return "";
    throw error;
  });
  const rules = ignoring.default({ ignorecase: false }).add(text);
  const exceptions = text.split("\n").flatMap((line) => (line.startsWith("!") ? [line.slice(1).trim()] : []));
  return {
    filter: (files) => rules.filter([...files]),
    // As Docker does it: an exception with a wildcard at its beginning does not bring a folder back.
    prunes: (folder) => rules.ignores(folder) && !exceptions.some((each) => `${each}/`.startsWith(`${folder}/`)),
  };
}

async function listFiles(folder: string, below: string, prunes: Rules["prunes"]): Promise<string[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  const listed = await Promise.all(
    entries.map(async (entry) => {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (below === "" && alwaysOut.has(entry.name)) return [];
      if (!entry.isDirectory()) return [path];
      return prunes(path) ? [] : listFiles(folder, path, prunes);
    }),
  );
  return listed.flat().sort();
}

async function describe(path: string, name: string): Promise<string> {
  const found = await lstat(path);
  const content = found.isSymbolicLink()
    ? await readlink(path)
    : createHash("sha256")
        .update(found.isFile() ? await readFile(path) : "")
        .digest("hex");
  return JSON.stringify([name, content, (found.mode & 0o100) !== 0]);
}
