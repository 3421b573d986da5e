import { appendFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Files } from "../host.ts";
import { createFiles } from "../real/files.ts";
import { noteInJournal, openJournal } from "../real/journal.ts";
import { encodeRecord, replay, wholeLength } from "./journal.ts";
import { createRunner, step } from "./operations.testing.ts";
import { readTree, restore, type Tree } from "./restore.ts";

let home = "";
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "sinbin-journal-"));
});
afterEach(() => rm(home, { recursive: true }));

interface Rig extends AsyncDisposable {
  readonly directory: string;
  readonly journal: string;
  /** A process of the service begins. */
  begin(): Files;
}

let rigs = 0;
async function startRig(): Promise<Rig> {
  const own = join(home, String((rigs += 1)));
  const [directory, path] = [join(own, "service"), join(own, "journal")];
  await mkdir(directory, { recursive: true });
  const stack = new DisposableStack();
  return {
    directory,
    journal: path,
    begin() {
      const journal = stack.use(openJournal(path));
      return createFiles({ directory, journal, refusal: () => undefined, log: () => undefined });
    },
    [Symbol.asyncDispose]: async () => stack.dispose(),
  };
}

async function save(files: Files, path: string, text: string, { sync }: { readonly sync: boolean }): Promise<void> {
  await using file = await files.open(path, "write");
  await file.write(text);
  if (sync) await file.sync();
}

const texts = (tree: Tree): unknown =>
  Object.fromEntries([...tree].map(([path, bytes]) => [path, String(Buffer.from(bytes))]));
/** Of the draws, whatever loses most or least. */
const losingAll = (): number => 0;
const losingNothing = (): number => 0.999;

test("a journal tells what a program has done, whatever that was and however many processes did it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 20 }), { maxLength: 3 }), async (lives) => {
      await using rig = await startRig();
      for (const steps of lives) {
        await using stack = new AsyncDisposableStack();
        const run = createRunner(rig.begin(), stack);
        for (const each of steps) await run(each);
      }
      const left = await readTree(rig.directory);
      const initial = new Map<string, Uint8Array>();
      expect(await restore({ ...rig, initial, draw: losingNothing }).then(texts)).toEqual(texts(left));
      expect(texts(await readTree(rig.directory))).toEqual(texts(left));
    }),
    { numRuns: 100 },
  );
});

test("operations that nobody waited for are told in the order in which they were done", async () => {
  await using rig = await startRig();
  const files = rig.begin();
  await using file = await files.open("a", "append");
  await Promise.all([file.write("one "), file.write("two "), files.rename("a", "b"), file.write("three")]);
  const disk = replay({ journal: await readFile(rig.journal), initial: new Map() });
  expect(disk.files()).toEqual(["b"]);
  expect(String(Buffer.from(disk.read("b")))).toBe("one two three");
});

test("what lies outside of the directory is not in its journal", async () => {
  await using rig = await startRig();
  const files = rig.begin();
  await save(files, "../outside", "x", { sync: false });
  await files.rename("../outside", "../elsewhere");
  expect(String(await readFile(rig.journal))).not.toMatch(/outside|elsewhere/);
});

describe("a torn last record", () => {
  test("does not count, wherever it is torn", () => {
    const open = encodeRecord(1, { do: "open", file: 1, path: "a", mode: "write" });
    const write = encodeRecord(2, { do: "write", file: 1 }, Buffer.from("two\nlines\n"));
    for (let length = 0; length < write.length; length += 1) {
      const journal = Buffer.concat([open, write.subarray(0, length)]);
      expect(wholeLength(journal)).toBe(open.length);
      expect(replay({ journal, initial: new Map() }).read("a")).toHaveLength(0);
    }
    expect(replay({ journal: Buffer.concat([open, write]), initial: new Map() }).read("a")).toHaveLength(10);
  });

  test("hides nothing of what the world has done after it", async () => {
    const torn = encodeRecord(1, { do: "write", file: 1 }, Buffer.alloc(1000, "x"));
    for (const length of [5, 20, torn.length - 500, torn.length - 1]) {
      await using rig = await startRig();
      await save(rig.begin(), "a", "first", { sync: true });
      await appendFile(rig.journal, torn.subarray(0, length));
      noteInJournal(rig.journal, { do: "put", path: "b" }, Buffer.from("{\n{"));
      await save(rig.begin(), "c", "third", { sync: true });
      const disk = replay({ journal: await readFile(rig.journal), initial: new Map() });
      expect(disk.files()).toEqual(["a", "b", "c"]);
    }
  });

  test("is cut off when the next process begins", async () => {
    await using rig = await startRig();
    await save(rig.begin(), "a", "first", { sync: true });
    await appendFile(rig.journal, encodeRecord(1, { do: "remove", path: "a" }).subarray(0, -1));
    await save(rig.begin(), "b", "second", { sync: true });
    const disk = replay({ journal: await readFile(rig.journal), initial: new Map() });
    expect(disk.files()).toEqual(["a", "b"]);
  });
});

describe("when the power fails", () => {
  test("what was synced stays, what was not may be gone, and the directory is as the disk", async () => {
    await using rig = await startRig();
    await mkdir(join(rig.directory, "old"));
    await writeFile(join(rig.directory, "old/state"), "old");
    await writeFile(join(rig.directory, "old/log"), "log");
    const initial = await readTree(rig.directory);
    const files = rig.begin();
    await save(files, "old/state", "new", { sync: true });
    await save(files, "old/log", "longer", { sync: false });
    await save(files, "young", "x", { sync: false });
    await files.makeDirectory("empty");
    const survivors = await restore({ ...rig, initial, draw: losingAll });
    expect(texts(survivors)).toEqual({ "old/": "", "old/state": "new", "old/log": "log" });
    expect(texts(await readTree(rig.directory))).toEqual(texts(survivors));
  });

  test("a rename survives without the data of the file that it renamed", async () => {
    await using rig = await startRig();
    await writeFile(join(rig.directory, "state"), "old");
    const initial = await readTree(rig.directory);
    const files = rig.begin();
    await save(files, "state.new", "new", { sync: false });
    await files.rename("state.new", "state");
    await files.syncDirectory(".");
    expect(texts(await restore({ ...rig, initial, draw: losingAll }))).toEqual({ state: "" });
  });

  test("it can fail again: what came back is durable, and the journal begins anew", async () => {
    await using rig = await startRig();
    await save(rig.begin(), "a", "first", { sync: false });
    const first = await restore({ ...rig, draw: losingNothing });
    await save(rig.begin(), "b", "second", { sync: false });
    expect(texts(await restore({ ...rig, initial: first, draw: losingAll }))).toEqual({ a: "first" });
  });

  test("the older generation of a file is remembered", async () => {
    await using rig = await startRig();
    const files = rig.begin();
    await save(files, "a", "first", { sync: true });
    await save(files, "a", "second", { sync: true });
    const initial = await restore({ ...rig, draw: losingAll });
    const disk = replay({ journal: await readFile(rig.journal), initial });
    expect([disk.read("a"), disk.previous("a")].map((bytes) => String(Buffer.from(bytes ?? [])))).toEqual([
      "second",
      "first",
    ]);
  });

  test("what the world has done behind the program's back stays done", async () => {
    await using rig = await startRig();
    await save(rig.begin(), "a", "first", { sync: false });
    await rename(join(rig.directory, "a"), join(rig.directory, "b"));
    noteInJournal(rig.journal, { do: "delete", path: "a" });
    noteInJournal(rig.journal, { do: "put", path: "b" }, Buffer.from("first"));
    await rename(join(rig.directory, "b"), join(rig.directory, "c"));
    noteInJournal(rig.journal, { do: "move", from: "b", to: "c" });
    expect(texts(await restore({ ...rig, draw: losingAll }))).toEqual({ c: "first" });
  });
});
