/**
 * Operations on directory entries that are not durable yet: in the order in which they were done, over the whole disk.
 *
 * What is durable of a directory is always a prefix of what was done to it. An operation on more than one directory (a rename between two, the
 * removal of a directory) is in the prefixes of all of them or of none. A rename between two directories waits for all that was done before it,
 * wherever, as in a journal: else a file could end up in a directory that isn't there.
 */
import { type DirectoryNode, type Node } from "./nodes.ts";

interface EntryOperation {
  readonly at: number;
  readonly changes: readonly EntryChange[];
  /** All directories that it touches: those of its changes, and one that it takes away. */
  readonly directories: ReadonlySet<DirectoryNode>;
  readonly waitsForAll: boolean;
}

export interface EntryChange {
  readonly directory: DirectoryNode;
  readonly name: string;
  /** Undefined: the name is gone. */
  readonly node: Node | undefined;
}

export interface Entries {
  /** Does it in the running view; it is durable later. */
  operate(at: number, changes: readonly EntryChange[], gone?: Node): void;
  /** Makes durable whatever was done until a moment. */
  settleUntil(moment: number): void;
  /** All operations on a directory, and what they can't do without. */
  settleDirectory(directory: DirectoryNode): void;
  /** The name of a file or directory that is new, and those above it. */
  settleNewName(node: Node): void;
  /** A crash: of each directory's operations the first ones survive, as many as `keep` says of how many. Nothing is unsynced afterwards. */
  lose(keep: (directory: DirectoryNode, of: number) => number): void;
}

export function createEntries(): Entries {
  let unsynced: EntryOperation[] = [];

  const settle = (last: EntryOperation | undefined): void => {
    const end = last === undefined ? -1 : unsynced.indexOf(last);
    if (last === undefined || end < 0) return;
    const directories = new Set(last.directories);
    const settled = new Set<EntryOperation>();
    let all = false;
    for (const operation of unsynced.slice(0, end + 1).toReversed()) {
      if (!all && directories.isDisjointFrom(operation.directories)) continue;
      settled.add(operation);
      for (const directory of operation.directories) directories.add(directory);
      all ||= operation.waitsForAll;
    }
    for (const operation of unsynced) if (settled.has(operation)) applyTo("durable", operation);
    unsynced = unsynced.filter((operation) => !settled.has(operation));
  };
  const settleNewName = (node: Node): void => {
    const linking = unsynced.filter(({ changes }) => changes.some((change) => change.node === node));
    const [first] = linking;
    // A rename of what was there before is not its birth.
    if (first === undefined || first.changes.length > 1) return;
    const { directories } = linking.at(-1) ?? first;
    settle(linking.at(-1));
    for (const directory of directories) settleNewName(directory);
  };

  return {
    operate(at, changes, gone) {
      const changed = new Set(changes.map(({ directory }) => directory));
      const directories = gone?.kind === "directory" ? new Set([...changed, gone]) : changed;
      const operation: EntryOperation = { at, changes, directories, waitsForAll: changed.size > 1 };
      unsynced.push(operation);
      applyTo("entries", operation);
    },
    settleUntil(moment) {
      const young = unsynced.findIndex(({ at }) => at > moment);
      for (const operation of unsynced.splice(0, young < 0 ? unsynced.length : young)) applyTo("durable", operation);
    },
    settleDirectory(directory) {
      settle(unsynced.findLast(({ directories }) => directories.has(directory)));
    },
    settleNewName,
    lose(keep) {
      const left = new Map<DirectoryNode, number>();
      for (const { directories } of unsynced)
        for (const directory of directories) left.set(directory, (left.get(directory) ?? 0) + 1);
      for (const [directory, of] of left) left.set(directory, keep(directory, of));
      let lost = false;
      for (const operation of unsynced) {
        const { directories, waitsForAll } = operation;
        const survives =
          [...directories].every((directory) => (left.get(directory) ?? 0) > 0) && !(waitsForAll && lost);
        if (survives) applyTo("durable", operation);
        else lost = true;
        for (const directory of directories) left.set(directory, survives ? (left.get(directory) ?? 0) - 1 : 0);
      }
      unsynced = [];
    },
  };
}

function applyTo(view: "entries" | "durable", { changes }: EntryOperation): void {
  for (const { directory, name, node } of changes) {
    if (node === undefined) directory[view].delete(name);
    else directory[view].set(name, node);
  }
}
