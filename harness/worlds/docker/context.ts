/** A folder as a builder gets it: what its `.dockerignore` lets in, with a digest of all that an image made from it depends on. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { lstat, readFile, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import ignoring from "@balena/dockerignore";
import { pack } from "tar-fs";

export interface BuildContext {
  /** Files, by their paths in the folder, sorted. */
  readonly files: readonly string[];
  /** Of their paths, contents and whether they can be executed. */
  readonly digest: string;
  readonly archive: () => Readable;
}

const alwaysOut = new Set([".git", "runs"]);

/** `needed` is let in whatever the ignore file says, as the builder needs it. */
export async function readContext(folder: string, needed: readonly string[] = []): Promise<BuildContext> {
  const all = await listFiles(folder);
  const rules = join(folder, ".dockerignore");
  const files = existsSync(rules)
    ? [
        ...new Set([
          ...ignoring
            .default({ ignorecase: false })
            .add(await readFile(rules, "utf8"))
            .filter(all),
          ...needed,
        ]),
      ].sort()
    : all;
  const digest = createHash("sha256");
  for (const file of files) digest.update(await describe(join(folder, file), file));
  return {
    files,
    digest: digest.digest("hex").slice(0, 16),
    archive: () => pack(folder, { entries: [...files] }),
  };
}

async function listFiles(folder: string, below = ""): Promise<string[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  const listed = await Promise.all(
    entries.map(async (entry) => {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (below === "" && alwaysOut.has(entry.name)) return [];
      return entry.isDirectory() ? listFiles(folder, path) : [path];
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
