/** The disk of a service that runs on this machine: its directory, the journal of what its program has done to it, and what its host is told. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { DiskTarget } from "../../../faults/disk/contract.ts";
import { drawFrom } from "../../../faults/random.ts";
import { replay } from "../../../host/disk/journal.ts";
import { readTree, restore } from "../../../host/disk/restore.ts";
import type { Tree } from "../../../host/disk/restore.ts";
import { noteInJournal } from "../../../host/real/journal.ts";
import { WorldError } from "../../errors.ts";
import { createOverlap } from "../overlap.ts";
import type { Overlap } from "../overlap.ts";
import type { ChangeControl } from "./control.ts";
import { listFiles, overwrite, readIfThere, removeFile, renameFile, snapshot } from "./files.ts";

export interface LocalDiskOptions {
  readonly service: string;
  readonly directory: string;
  /** Of a program that keeps one. */
  readonly journal?: string | undefined;
  /** Whether older generations are wanted. */
  readonly remembers: boolean;
  readonly control: ChangeControl;
  /** Kills everything of the service and keeps it dead until the work is done; false if nothing ran. */
  readonly whileDead: (work: () => Promise<void>) => Promise<boolean>;
}

export interface LocalDisk {
  readonly target: DiskTarget;
  /** The disk has refused something. */
  refused(): void;
  /** Before the first start: what is there is on the disk. */
  prepare(): Promise<void>;
  /** The service is ready: of a command, nothing older is known. */
  ready(): Promise<void>;
}

export function createLocalDisk(options: LocalDiskOptions): LocalDisk {
  const { service, directory, journal, remembers, control, whileDead } = options;
  const refusals: Overlap<"ENOSPC" | "EROFS"> = createOverlap((disk) => control({ disk }));
  let initial: Tree = new Map();
  let first: Tree | undefined;

  const at = (path: string): string => resolve(directory, path);
  /** What the system refuses to the harness is no bug of sinbin. */
  const attempt = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (cause) {
      throw new WorldError(`the disk of ${service} can't be changed: ${String(cause)}`, { cause });
    }
  };

  return {
    refused: () => refusals.hit(),
    async prepare() {
      if (journal !== undefined) initial = await readTree(directory);
    },
    async ready() {
      if (remembers && journal === undefined) first ??= await attempt(() => snapshot(directory));
    },
    target: {
      files: () => attempt(() => listFiles(directory)),
      read: (path) => attempt(() => readIfThere(at(path))),
      put: (path, bytes) =>
        attempt(async () => {
          await overwrite(at(path), bytes);
          if (journal !== undefined) noteInJournal(journal, { do: "put", path }, bytes);
        }),
      delete: (path) =>
        attempt(async () => {
          const was = await removeFile(at(path));
          if (was && journal !== undefined) noteInJournal(journal, { do: "delete", path });
          return was;
        }),
      rename: (from, to) =>
        attempt(async () => {
          const was = await renameFile(at(from), at(to));
          if (was && journal !== undefined) noteInJournal(journal, { do: "move", from, to });
          return was;
        }),
      previous: (path) =>
        attempt(async () => {
          if (journal === undefined) return first?.get(path);
          return replay({ journal: await readFile(journal), initial }).previous(path);
        }),
      refuse: (code, onRefused) => refusals.add(code, onRefused),
      losePower: (chance) =>
        whileDead(() =>
          attempt(async () => {
            if (journal === undefined) throw new Error("nobody has written down what was synced");
            initial = await restore({ directory, journal, initial, draw: drawFrom(chance) });
          }),
        ),
    },
  };
}
