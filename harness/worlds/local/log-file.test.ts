import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLogFile } from "./log-file.ts";

const rethrow = (error: Error): never => {
  throw error;
};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sinbin-test-"));
});
afterEach(() => rm(directory, { recursive: true }));

test("lines are in the file as soon as they are written", async () => {
  const path = join(directory, "node.log");
  using file = createLogFile({ path, onTrouble: rethrow });
  file.write("one");
  file.write("two");
  expect(await readFile(path, "utf8")).toBe("one\ntwo\n");
});

test("a file at its limit takes no more, and its last line says so", async () => {
  const path = join(directory, "node.log");
  using file = createLogFile({ path, onTrouble: rethrow, mostBytes: 8 });
  for (const line of ["one", "two", "three", "four"]) file.write(line);
  expect(await readFile(path, "utf8")).toBe("one\ntwo\nThe log ends here: it has reached its limit of 8 bytes.\n");
});

test("a file that can't be opened is told of once, and lines are no errors", () => {
  const troubles: string[] = [];
  using file = createLogFile({ path: directory, onTrouble: ({ message }) => troubles.push(message) });
  file.write("one");
  file.write("two");
  expect(troubles).toEqual([expect.stringContaining("EISDIR")]);
});

test.runIf(process.platform === "linux")("a full disk is told of once, and lines are no errors", () => {
  const troubles: string[] = [];
  using file = createLogFile({ path: "/dev/full", onTrouble: ({ message }) => troubles.push(message) });
  file.write("one");
  file.write("two");
  expect(troubles).toEqual([expect.stringContaining("ENOSPC")]);
});

test("what is written after the end is left out", async () => {
  const path = join(directory, "node.log");
  const file = createLogFile({ path, onTrouble: rethrow });
  file[Symbol.dispose]();
  file.write("late");
  expect(await readFile(path, "utf8")).toBe("");
});
