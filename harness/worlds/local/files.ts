/** A service's files, for those who change them behind its back. Paths are relative to its directory, with `/` between names. */
import { mkdir, open, readFile, readdir, rename, rm } from "node:fs/promises";
import { dirname, relative, resolve, sep } from "node:path";
import { codeOf } from "../../../host/error-code.ts";
import type { Tree } from "../../../host/disk/restore.ts";

/** Sorted. What can't be read any more is left out. */
export async function listFiles(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, resolve(entry.parentPath, entry.name)).replaceAll(sep, "/"))
    .sort();
}

/** Undefined if it is not there. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** In place, so that who has it open sees it. */
export async function overwrite(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await using file = await openForChange(path);
  await file.write(bytes, 0, bytes.length, 0);
  await file.truncate(bytes.length);
  await file.sync();
}

async function openForChange(path: string): ReturnType<typeof open> {
  try {
    return await open(path, "r+");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return open(path, "w");
    throw error;
  }
}

/** False if it was not there. */
export function removeFile(path: string): Promise<boolean> {
  return unlessMissing(rm(path));
}

/** False if it was not there. */
export function renameFile(from: string, to: string): Promise<boolean> {
  return unlessMissing(rename(from, to));
}

async function unlessMissing(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

/** Larger ones are logs and databases, of which no generations are kept. */
const mostBytes = 1024 * 1024;

/** The files as they are now. */
export async function snapshot(directory: string): Promise<Tree> {
  const tree = new Map<string, Uint8Array>();
  for (const path of await listFiles(directory)) {
    const bytes = await readIfThere(resolve(directory, path));
    if (bytes !== undefined && bytes.length <= mostBytes) tree.set(path, bytes);
  }
  return tree;
}
