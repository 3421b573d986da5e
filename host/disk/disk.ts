/**
 * A disk in memory that forgets: what a running system sees, and what is left of it when the power fails.
 *
 *     write, truncate ─────► content ── sync() ──────────► durable content      ┐
 *     create, rename, remove ► names ── syncDirectory() ─► durable names        ├─ losePower(draw) ─► one legal state, durable from then on
 *     anything that is 30 s old ────────────────────────► durable              ┘
 *
 * Legal is what POSIX allows and ext4 and XFS do (T. S. Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014; their tool is ALICE):
 *
 * - Of a file's unsynced writes and truncations the first ones survive, as many as is drawn. The next one, if it is a write, may be torn at any
 *   byte. The size may have run ahead of the data (delayed allocation): then zeros stand where a later write would have grown the file to.
 * - Of a directory's unsynced creations, renames and removals the first ones survive, whatever became of the data: a rename can survive without
 *   the content of the file that it renamed. Details of operations on two directories are in entries.ts.
 * - Syncing a file makes its data durable, and its name if the file is new, as ext4 does; the same for a directory and its names.
 */
import { crash, type Draw } from "./crash.ts";
import { createEntries, type EntryChange } from "./entries.ts";
import { closedError, fileError, refusedDirectoryError } from "./errors.ts";
import {
  createDirectoryNode,
  createFileNode,
  settleData,
  truncate,
  writeTo,
  type DirectoryNode,
  type FileNode,
  type Node,
} from "./nodes.ts";
import { byName, holderOf, isBelow, namesIn, pathsIn, within, isTooLong } from "./paths.ts";

export type { Draw } from "./crash.ts";

/** Why a disk does not take what a program writes. */
export type Refusal = "ENOSPC" | "EROFS";

/**
 * Paths are as in `Files`: `/` between names, `.` and `..` resolved, never above the root. Errors are those of `node:fs/promises`, with `code`,
 * `syscall`, `path` and `dest`.
 */
export interface Disk {
  read(path: string): Uint8Array;
  open(path: string, mode: "write" | "append" | "create-new"): Handle;
  /** Replaces a file, or an empty directory by a directory. */
  rename(from: string, to: string): void;
  /** A file or a whole directory; it need not exist. */
  remove(path: string): void;
  /** With all that are missing above it. */
  makeDirectory(path: string): void;
  /** Sorted. */
  list(path: string): readonly string[];
  syncDirectory(path: string): void;

  /** All paths, sorted. */
  files(): readonly string[];
  directories(): readonly string[];
  /** Behind everybody's back, and durable at once; handles see it, and directories that are missing are made. */
  put(path: string, bytes: Uint8Array): void;
  /** Behind everybody's back, and durable at once. False if there is no such file. */
  delete(path: string): boolean;
  /** Renames a file behind everybody's back, and durable at once; handles stay with it. False if there is no such file. */
  move(from: string, to: string): boolean;
  /** What the file was before it was last replaced by a rename, renamed itself or emptied by an open; undefined if it never was. */
  previous(path: string): Uint8Array | undefined;
  /** Says so, of a disk that has not seen it. Where there is no such file, nothing is remembered. */
  setPrevious(path: string, bytes: Uint8Array): void;
  /** ENOSPC: nothing can be made or grow. EROFS: nothing can be changed. */
  refuse: Refusal | undefined;
  /** Handles are dead afterwards. The same draws give the same state. */
  losePower(draw: Draw): void;
}

/** It stays with its file wherever that is renamed to, and when it is removed. */
export interface Handle {
  write(bytes: Uint8Array): void;
  sync(): void;
  close(): void;
}

/** Linux writes back what is older (`vm.dirty_expire_centisecs`). */
const writtenBackAfterMs = 30_000;

export function createDisk({ now }: { readonly now: () => number }): Disk {
  let root = createDirectoryNode("");
  let entries = createEntries();
  const dirty = new Set<FileNode>();
  let writtenBackAt = 0;
  let lives = 0;
  let refuse: Refusal | undefined;

  const writeBack = (): void => {
    writtenBackAt = now();
    const moment = now() - writtenBackAfterMs;
    entries.settleUntil(moment);
    for (const file of dirty) {
      settleData(file, moment);
      if (file.unsynced.length === 0) dirty.delete(file);
    }
  };
  /** Now and then, so that what waits does not pile up. */
  const writeBackIfDue = (): void => {
    if (now() - writtenBackAt >= 1000) writeBack();
  };
  const noteData = (file: FileNode): void => {
    dirty.add(file);
    writeBackIfDue();
  };
  const changeNames = (changes: readonly EntryChange[], gone?: Node): void => {
    entries.operate(now(), changes, gone);
    writeBackIfDue();
  };

  const find = (path: string, syscall: string): Node => {
    const { node } = holderOf(root, path, (code) => fileError(code, syscall, path));
    if (node === undefined) throw fileError("ENOENT", syscall, path);
    return node;
  };
  const link = (directory: DirectoryNode, name: string, node: Node): void => changeNames([{ directory, name, node }]);

  const removeFrom = (directory: DirectoryNode, name: string, node: Node): void => {
    if (node.kind === "directory") empty(node);
    changeNames([{ directory, name, node: undefined }], node);
  };
  const empty = (directory: DirectoryNode): void => {
    for (const [name, node] of [...directory.entries].sort(byName)) removeFrom(directory, name, node);
  };
  const openToWrite = (path: string, mode: "write" | "append" | "create-new"): FileNode => {
    const fail = (code: Parameters<typeof fileError>[0]): Error => fileError(code, "open", path);
    const { directory, name, node } = holderOf(root, path, fail);
    if (node !== undefined && mode === "create-new") throw fail("EEXIST");
    if (name === undefined || node?.kind === "directory") throw fail("EISDIR");
    if (refuse === "EROFS" || (refuse === "ENOSPC" && node === undefined)) throw fail(refuse);
    if (node === undefined) {
      const file = createFileNode();
      link(directory, name, file);
      return file;
    }
    if (mode === "write" && node.content.length > 0) {
      directory.previous.set(name, node.content);
      truncate(node, now());
      noteData(node);
    }
    return node;
  };
  const renameUnless = (refused: Refusal | undefined, from: string, to: string): void => {
    const fail = (code: Parameters<typeof fileError>[0]): Error => fileError(code, "rename", from, to);
    const source = holderOf(root, from, fail);
    const target = holderOf(root, to, fail);
    if (refused === "EROFS") throw fail(refused);
    if (source.node === undefined) throw fail("ENOENT");
    if (source.node === target.node) return;
    if (source.name === undefined || isBelow(to, from)) throw fail("EINVAL");
    if (target.name === undefined || isBelow(from, to)) throw fail("ENOTEMPTY");
    if (target.node !== undefined) {
      if (source.node.kind === "directory" && target.node.kind === "file") throw fail("ENOTDIR");
      if (source.node.kind === "file" && target.node.kind === "directory") throw fail("EISDIR");
      if (target.node.kind === "directory" && target.node.entries.size > 0) throw fail("ENOTEMPTY");
      if (target.node.kind === "file") target.directory.previous.set(target.name, target.node.content);
    }
    if (source.node.kind === "file") source.directory.previous.set(source.name, source.node.content);
    const changes = [
      { directory: source.directory, name: source.name, node: undefined },
      { directory: target.directory, name: target.name, node: source.node },
    ];
    changeNames(changes, target.node);
  };
  /** Without asking anybody. */
  const makeDirectories = (path: string): DirectoryNode => {
    let directory = root;
    for (const [index, part] of namesIn(path).entries()) {
      const node =
        directory.entries.get(part) ??
        createDirectoryNode(
          namesIn(path)
            .slice(0, index + 1)
            .join("/"),
        );
      if (node.kind === "file") throw fileError("ENOTDIR", "mkdir", path);
      if (!directory.entries.has(part)) link(directory, part, node);
      directory = node;
    }
    return directory;
  };

  return {
    read(path) {
      const node = find(path, "open");
      if (node.kind === "directory") throw fileError("EISDIR", "read");
      return node.content.slice();
    },
    open(path, mode) {
      const file = openToWrite(path, mode);
      const life = lives;
      let position = 0;
      let closed = false;
      const check = (syscall: string): void => {
        if (closed || life !== lives) throw closedError(syscall);
      };
      return {
        write(bytes) {
          if (bytes.length === 0) return;
          check("write");
          const start = mode === "append" ? file.content.length : position;
          const end = start + bytes.length;
          if (refuse === "EROFS" || (refuse === "ENOSPC" && end > file.content.length))
            throw fileError(refuse, "write");
          writeTo(file, start, bytes, now());
          noteData(file);
          position = end;
        },
        sync() {
          check("fsync");
          settleData(file);
          entries.settleNewName(file);
        },
        close() {
          closed = true;
        },
      };
    },
    rename: (from, to) => renameUnless(refuse, from, to),
    remove(path) {
      const { directory, name, node } = within(root, path, (code) => fileError(code, "lstat", path)) ?? {};
      if (directory === undefined || node === undefined) return;
      if (refuse === "EROFS") throw fileError(refuse, node.kind === "file" ? "unlink" : "rmdir", path);
      if (name === undefined) empty(root);
      else removeFrom(directory, name, node);
    },
    makeDirectory(path) {
      const fail = (code: Parameters<typeof fileError>[0]): Error => fileError(code, "mkdir", path);
      const parts = namesIn(path);
      if (parts.some(isTooLong)) throw fail("ENAMETOOLONG");
      let node: Node | undefined = root;
      for (const [index, part] of parts.entries()) {
        node = node.entries.get(part);
        if (node === undefined && refuse !== undefined)
          throw refusedDirectoryError(refuse, parts.slice(0, index + 1).join("/"));
        if (node === undefined) break;
        if (node.kind === "file") throw fail(index === parts.length - 1 ? "EEXIST" : "ENOTDIR");
      }
      makeDirectories(path);
    },
    list(path) {
      const node = find(path, "scandir");
      if (node.kind === "file") throw fileError("ENOTDIR", "scandir", path);
      return [...node.entries.keys()].sort();
    },
    syncDirectory(path) {
      const node = find(path, "open");
      if (node.kind === "file") settleData(node);
      else entries.settleDirectory(node);
      entries.settleNewName(node);
    },

    files: () => pathsIn(root, "file"),
    directories: () => pathsIn(root, "directory"),
    put(path, bytes) {
      const directory = makeDirectories(`${path}/..`);
      const name = namesIn(path).at(-1);
      const node = name === undefined ? root : (directory.entries.get(name) ?? createFileNode());
      if (name === undefined || node.kind === "directory") throw fileError("EISDIR", "open", path);
      node.content = new Uint8Array(bytes);
      node.durable = node.content;
      node.unsynced.length = 0;
      if (!directory.entries.has(name)) link(directory, name, node);
      entries.settleDirectory(directory);
      entries.settleNewName(directory);
    },
    delete(path) {
      const { directory, name, node } = within(root, path) ?? {};
      if (directory === undefined || name === undefined || node?.kind !== "file") return false;
      removeFrom(directory, name, node);
      entries.settleDirectory(directory);
      return true;
    },
    move(from, to) {
      if (within(root, from)?.node?.kind !== "file") return false;
      renameUnless(undefined, from, to);
      for (const path of [from, to]) {
        const { directory } = within(root, path) ?? {};
        if (directory !== undefined) entries.settleDirectory(directory);
      }
      return true;
    },
    previous(path) {
      const { directory, name } = within(root, path) ?? {};
      return name === undefined ? undefined : directory?.previous.get(name)?.slice();
    },
    setPrevious(path, bytes) {
      const { directory, name, node } = within(root, path) ?? {};
      if (name !== undefined && node?.kind === "file") directory?.previous.set(name, new Uint8Array(bytes));
    },
    get refuse() {
      return refuse;
    },
    set refuse(wanted) {
      refuse = wanted;
    },
    losePower(draw) {
      writeBack();
      root = crash(root, entries, draw, lives);
      entries = createEntries();
      dirty.clear();
      lives += 1;
    },
  };
}
