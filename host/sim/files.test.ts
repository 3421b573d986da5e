/** What the files of a simulated machine cost, hold and refuse; what they do is in the contract of hosts. */
import { expect, test } from "vitest";
import { createDisk } from "../disk/disk.ts";
import { createFiles } from "./files.ts";
import { createProcess } from "./process.ts";
import { createVirtualTime } from "./time.ts";

function createScene({ mostDescriptors = Infinity }: { readonly mostDescriptors?: number } = {}) {
  const time = createVirtualTime();
  const log: string[] = [];
  const note = (text: string) => (): void => void log.push(`${text} at ${time.now().toFixed(2)}`);
  const process = createProcess({
    name: "node",
    time,
    cpu: { frozen: false, load: 0 },
    mostDescriptors: () => mostDescriptors,
    onDescriptorsSpent: note("spent"),
    onEnd: () => {},
  });
  const disk = createDisk({ now: () => time.now() });
  return {
    time,
    log,
    note,
    process,
    disk,
    files: createFiles({ disk, process, locks: new Set(), onRefused: note("refused") }),
  };
}

test("operations take the time of an ordinary disk, one after the other", async () => {
  const { time, files, log, note } = createScene();
  await time.pass(async () => {
    const file = await files.open("file", "write");
    note("open")();
    const written = file.write(new Uint8Array(500_000)).then(note("written"));
    const synced = file.sync().then(note("synced"));
    const listed = files.list(".").then(note("listed"));
    await Promise.all([written, synced, listed]);
  });
  expect(log).toEqual(["open at 0.05", "written at 1.10", "synced at 3.10", "listed at 3.15"]);
});

test("an open file holds a descriptor until it is closed, and reading needs one for a moment", async () => {
  const { time, files, log } = createScene({ mostDescriptors: 22 });
  await time.pass(async () => {
    const one = await files.open("one", "write");
    await files.read("one");
    await files.open("two", "write");
    const spent = { code: "EMFILE", message: "EMFILE: too many open files, open 'three'" };
    await expect(files.open("three", "write")).rejects.toMatchObject(spent);
    await expect(files.read("one")).rejects.toMatchObject({ code: "EMFILE" });
    await expect(files.list(".")).rejects.toMatchObject({ code: "EMFILE", syscall: "scandir" });
    await one[Symbol.asyncDispose]();
    await one[Symbol.asyncDispose]();
    expect(await files.list(".")).toEqual(["one", "two"]);
    await expect(files.open("nothing/file", "write")).rejects.toMatchObject({ code: "ENOENT" });
    await files.open("three", "write");
  });
  expect(log).toHaveLength(3);
});

test("an operation that has begun when its process ends is not done", async () => {
  const { time, files, process, disk } = createScene();
  await time.pass(async () => {
    const file = await files.open("file", "write");
    await file.write("one");
    void file.write("two");
    process.end({ code: undefined, signal: "KILL" });
    await new Promise<void>((resolve) => void time.at(10, resolve));
  });
  expect(String(Buffer.from(disk.read("file")))).toBe("one");
});

test("whatever the disk refuses is told, under whichever name the program hears of it", async () => {
  const { time, files, disk, log } = createScene();
  await time.pass(async () => {
    disk.refuse = "EROFS";
    await expect(files.open("file", "write")).rejects.toMatchObject({ code: "EROFS" });
    await expect(files.makeDirectory("directory")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(files.read("file")).rejects.toMatchObject({ code: "ENOENT" });
    disk.refuse = "ENOSPC";
    await expect(files.makeDirectory("directory")).rejects.toMatchObject({ code: "ENOSPC" });
  });
  expect(log).toEqual(["refused at 0.05", "refused at 0.10", "refused at 0.20"]);
});
