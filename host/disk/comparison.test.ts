/** The disk in memory and the system's do the same: whatever is done to both, results, errors and what is left are equal. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Files } from "../host.ts";
import { createFiles } from "../real/files.ts";
import { createDisk, type Disk } from "./disk.ts";
import { createRunner, step } from "./operations.testing.ts";
import { readTree } from "./restore.ts";

test("any operations have the same results and errors on both, on a disk that refuses, too", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const directory = await mkdtemp(join(tmpdir(), "sinbin-disk-"));
      await using stack = new AsyncDisposableStack();
      stack.defer(() => rm(directory, { recursive: true }));
      const disk = createDisk({ now: () => 0 });
      const onReal = createRunner(createFiles({ directory, refusal: () => disk.refuse, log: () => undefined }), stack);
      const onDisk = createRunner(filesOf(disk), stack);
      for (const each of steps) {
        if (each.do === "refuse") disk.refuse = each.code;
        const expected = { ...each, outcome: await onReal(each) };
        expect({ ...each, outcome: await onDisk(each) }).toEqual(expected);
      }
      const left = await readTree(directory);
      const names = [...disk.directories().map((name) => `${name}/`), ...disk.files()];
      expect(new Set(names)).toEqual(new Set(left.keys()));
      for (const name of disk.files()) expect(Buffer.from(disk.read(name))).toEqual(left.get(name));
    }),
    { numRuns: 300 },
  );
});

function filesOf(disk: Disk): Omit<Files, "lock"> {
  return {
    read: async (path) => disk.read(path),
    async open(path, mode) {
      const handle = disk.open(path, mode);
      return {
        write: async (bytes) => handle.write(Buffer.from(bytes as Uint8Array)),
        sync: async () => handle.sync(),
        [Symbol.asyncDispose]: async () => handle.close(),
      };
    },
    rename: async (from, to) => disk.rename(from, to),
    remove: async (path) => disk.remove(path),
    makeDirectory: async (path) => disk.makeDirectory(path),
    list: async (path) => disk.list(path),
    syncDirectory: async (path) => disk.syncDirectory(path),
  };
}
