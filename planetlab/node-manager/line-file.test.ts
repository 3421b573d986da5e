/** A file of lines on a disk that has room for half of one. */
import { expect, test } from "vitest";
import type { Files } from "../../host/host.ts";
import { createLineFile } from "./line-file.ts";

/** Of each write so much reaches the file as there is room for. */
function createDisk() {
  const disk = { text: "", room: Infinity };
  const open: Files["open"] = async () => ({
    async write(bytes) {
      const written = String(bytes).slice(0, disk.room);
      disk.text += written;
      disk.room -= written.length;
      if (written.length < bytes.length) throw new Error("ENOSPC");
    },
    sync: async () => {},
    [Symbol.asyncDispose]: async () => {},
  });
  return { disk, files: { open } as Files };
}

test.each([false, true])(
  "half a line that a full disk has left is no part of the next one (reopened: %s)",
  async (reopened) => {
    const { disk, files } = createDisk();
    const file = createLineFile(files, { path: "node.log" });
    file.add("one");
    await expect.poll(() => disk.text).toBe("one\n");
    disk.room = 2;
    file.add("two");
    await expect.poll(() => file.dropped()).toBe(1);
    disk.room = Infinity;
    if (reopened) file.reopen();
    file.add("three");
    await file[Symbol.asyncDispose]();
    expect(disk.text).toBe("one\ntw\nthree\n");
  },
);
