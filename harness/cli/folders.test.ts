import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeFolder } from "./folders.ts";

test("all levels of a folder are made, and the first that was missing is told", async () => {
  const root = await mkdtemp(join(tmpdir(), "sinbin-folders-"));
  try {
    expect(await makeFolder(join(root, "a/b/c"), "a")).toBe(join(root, "a"));
    expect(await makeFolder(join(root, "a/b/d"), "a")).toBe(join(root, "a/b/d"));
    expect(await makeFolder(join(root, "a/b"), "a")).toBeUndefined();
  } finally {
    await rm(root, { recursive: true });
  }
});

test.each(["/proc/x/y", "/dev/null/x"])("where nothing can be made (%s), that is said", async (place) => {
  await expect(makeFolder(place, place)).rejects.toThrow(`--out ${place}: name a folder that can be written`);
});
