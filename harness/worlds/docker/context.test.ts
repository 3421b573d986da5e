import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { extract } from "tar-stream";
import { readContext } from "./context.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sinbin-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

const digest = async (): Promise<string> => (await readContext(folder)).digest;

test("all that is in a folder goes along, but for its history and its runs", async () => {
  write({ b: "", "a/c": "", "a/b/d": "", ".git/HEAD": "", "runs/1/history.jsonl": "", "a/runs/x": "" });
  expect((await readContext(folder)).files).toEqual(["a/b/d", "a/c", "a/runs/x", "b"]);
});

test.each<[string, string, readonly string[]]>([
  ["a name at the top", "a", ["b/a", "b/c.log", "d.log"]],
  ["a name anywhere", "**/a", ["b/c.log", "d.log"]],
  ["an ending", "**/*.log", ["a/x", "b/a"]],
  ["all but what is named", "*\n!b/", ["b/a", "b/c.log"]],
  ["an exception within what is out", "b\n!b/a", ["a/x", "b/a", "d.log"]],
  ["a comment, and an empty line", "# a\n\nb", ["a/x", "d.log"]],
])("an ignore file keeps out %s", async (_what, rules, expected) => {
  write({ "a/x": "", "b/a": "", "b/c.log": "", "d.log": "" });
  write({ ".dockerignore": rules });
  expect((await readContext(folder)).files.filter((file) => file !== ".dockerignore")).toEqual(expected);
});

test("what the builder needs is let in, once", async () => {
  write({ Dockerfile: "FROM scratch", ".dockerignore": "*" });
  expect((await readContext(folder, ["Dockerfile"])).files).toEqual(["Dockerfile"]);
  write({ ".dockerignore": "" });
  expect((await readContext(folder, ["Dockerfile"])).files).toEqual([".dockerignore", "Dockerfile"]);
});

test("the digest follows contents, names and whether a file can be executed, and nothing else", async () => {
  write({ a: "1", b: "2" });
  const first = await digest();
  utimesSync(join(folder, "a"), 1, 1);
  chmodSync(join(folder, "a"), 0o600);
  expect(await digest()).toBe(first);
  const others = new Set([first]);
  for (const change of [
    () => chmodSync(join(folder, "a"), 0o755),
    () => write({ a: "2" }),
    () => write({ c: "" }),
    () => symlinkSync("a", join(folder, "d")),
  ]) {
    change();
    others.add(await digest());
  }
  expect(others.size).toBe(5);
});

test("what is kept out changes no digest", async () => {
  write({ a: "1", ".dockerignore": "**/*.test.ts" });
  const first = await digest();
  write({ "a.test.ts": "x" });
  expect(await digest()).toBe(first);
});

test("the archive holds these files, and can be had again", async () => {
  write({ a: "1", "b/c": "2", out: "3", ".dockerignore": "out\n.dockerignore" });
  const { archive } = await readContext(folder);
  for (const again of [archive(), archive()]) {
    const found: string[] = [];
    const reading = extract().on("entry", ({ name }, content, next) => {
      found.push(name);
      content.on("end", next).resume();
    });
    await pipeline(again, reading);
    expect(found).toEqual(["a", "b/c"]);
  }
});
