/** The power has failed: a service's directory as its disk would be when it comes back. The service is dead by then, and starts after it. */
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../error-code.ts";
import { openJournal, trueTime } from "../real/journal.ts";
import type { Disk, Draw } from "./disk.ts";
import { replay } from "./journal.ts";

export interface RestoreOptions {
  /** Of the service. */
  readonly directory: string;
  /** The path of its journal; it begins anew. */
  readonly journal: string;
  /** The directory when the journal began (`readTree`), or what `restore` has returned the last time. */
  readonly initial?: Tree;
  readonly draw: Draw;
}

/** Paths and contents of files; a path that ends in `/` is a directory. */
export type Tree = ReadonlyMap<string, Uint8Array>;

/** @returns what is in the directory now: the beginning of the new journal. */
export async function restore({ directory, journal, initial = new Map(), draw }: RestoreOptions): Promise<Tree> {
  const bytes = await readFile(journal).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return new Uint8Array();
    throw error;
  });
  const disk = replay({ journal: bytes, initial, until: trueTime() });
  disk.losePower(draw);
  const survivors = treeOf(disk);
  await writeTree(directory, survivors);
  await rm(journal, { force: true });
  using next = openJournal(journal);
  for (const path of disk.files()) {
    const previous = disk.previous(path);
    if (previous !== undefined) next({ do: "set-previous", path }, previous);
  }
  return survivors;
}

/** A directory's files and directories; what is neither is left out. */
export async function readTree(directory: string): Promise<Tree> {
  const tree = new Map<string, Uint8Array>();
  const walk = async (path: string): Promise<void> => {
    for (const entry of await readdir(join(directory, path), { withFileTypes: true })) {
      const below = `${path}${entry.name}`;
      if (entry.isFile()) tree.set(below, await readFile(join(directory, below)));
      if (!entry.isDirectory()) continue;
      tree.set(`${below}/`, nothing);
      await walk(`${below}/`);
    }
  };
  await walk("");
  return tree;
}

const nothing = new Uint8Array();

function treeOf(disk: Disk): Tree {
  const directories = disk.directories().map((path) => [`${path}/`, nothing] as const);
  const files = disk.files().map((path) => [path, disk.read(path)] as const);
  return new Map([...directories, ...files]);
}

/** Files that are as they should be are not touched, sockets and the like neither. */
async function writeTree(directory: string, wanted: Tree): Promise<void> {
  const found = await readTree(directory);
  // What is below comes first when removed, and last when made.
  for (const path of [...found.keys()].sort().toReversed())
    if (!wanted.has(path)) await rm(join(directory, path), { recursive: true });
  for (const [path, bytes] of [...wanted].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (path.endsWith("/")) await mkdir(join(directory, path), { recursive: true });
    else if (!isSame(found.get(path), bytes)) await replace(join(directory, path), bytes);
  }
}

/** By a new file: a process that a crash would have killed may still hold the old one. */
async function replace(path: string, bytes: Uint8Array): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, bytes);
}

function isSame(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, other) === 0;
}
