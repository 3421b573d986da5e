/** The folders that commands leave below `--out`. */
import { randomBytes } from "node:crypto";
import { readdirSync, rmdirSync, rmSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Interrupted, messageOf, UsageError } from "../errors.ts";

/** The name of a new one, for one command: `runs/2026-11-23T02-13-42-1f9c0a`. */
export function nameFolder(out: string): string {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  return join(out, `${stamp}-${randomBytes(3).toString("hex")}`);
}

/**
 * Resolves with the first folder that had to be made, if any had.
 *
 * @throws {UsageError} if it can't be.
 */
export async function makeFolder(folder: string, out: string): Promise<string | undefined> {
  try {
    return await makeLevels(resolve(folder));
  } catch (error) {
    throw new UsageError(`--out ${out}: name a folder that can be written (${messageOf(error)})`, { cause: error });
  }
}

/** One level at a time: where nothing can be made, as below /proc, Node's own way of making all of them never ends. */
async function makeLevels(folder: string): Promise<string | undefined> {
  const above = dirname(folder);
  const first = above === folder ? undefined : await makeLevels(above);
  try {
    await mkdir(folder);
    return first ?? folder;
  } catch (error) {
    if (
      await stat(folder).then(
        (found) => found.isDirectory(),
        () => false,
      )
    )
      return first;
    throw error;
  }
}

export interface RemoveIfInterruptedOptions {
  readonly folder: string;
  readonly out: string;
  /** What `makeFolder` has said of it. */
  readonly made: string | undefined;
  /** What stays: names of runs in it that have ended, and of which there is a result. */
  readonly ended?: ReadonlySet<string>;
}

/**
 * If the command is interrupted before this is disposed of, nothing is left in the folder of what was under way: also if its process ends by force, since
 * something took too long.
 */
export function removeIfInterrupted(
  { folder, out, made, ended = new Set() }: RemoveIfInterruptedOptions,
  signal: AbortSignal,
): Disposable {
  const remove = (): void => {
    if (!(signal.reason instanceof Interrupted)) return;
    if (ended.size === 0) {
      rmSync(folder, { recursive: true, force: true });
      removeOut(out, made);
      return;
    }
    for (const name of readdirSync(folder))
      if (!ended.has(name)) rmSync(join(folder, name), { recursive: true, force: true });
  };
  process.on("exit", remove);
  return {
    [Symbol.dispose]() {
      process.off("exit", remove);
      remove();
    },
  };
}

/** The folder of all runs, if it was made by this command and nobody else's run is in it. */
export function removeOut(out: string, made: string | undefined): void {
  if (made !== undefined && resolve(made) === resolve(out)) removeEmpty(out);
}

export function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Something is in it, and stays.
  }
}

/** Names for folders side by side: plans and cells may share a name, or differ only in what a folder's name can't have. */
export function distinct(names: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const plain = name.replaceAll(/[^\w.-]+/g, "_");
    let free = plain;
    // Some file systems take `A` and `a` for one name.
    for (let n = 2; taken.has(free.toLowerCase()); n++) free = `${plain}-${n}`;
    taken.add(free.toLowerCase());
    return free;
  });
}
