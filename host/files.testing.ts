/** What the files of every host do: the files part of host.testing.ts. */
import { expect, test } from "vitest";
import type { Files } from "./host.ts";
import type { HostPair } from "./talk.testing.ts";

export function describeFiles(startPair: () => Promise<HostPair>): void {
  test("a file that was written, synced and renamed is there under its new name", async () => {
    await using pair = await startPair();
    const { files } = pair.client;
    await files.makeDirectory("state/deep");
    {
      await using file = await files.open("state/new", "write");
      await file.write("one ");
      await file.write(new TextEncoder().encode("two"));
      await file.sync();
    }
    await files.rename("state/new", "state/current");
    await files.syncDirectory("state");
    expect(await files.list("state")).toEqual(["current", "deep"]);
    expect(new TextDecoder().decode(await files.read("state/current"))).toBe("one two");
  });

  test("a file is appended to, replaced, or made anew as it was opened", async () => {
    await using pair = await startPair();
    const { files } = pair.client;
    const put = async (mode: "write" | "append" | "create-new", text: string): Promise<string> => {
      await using file = await files.open("log", mode);
      await file.write(text);
      return new TextDecoder().decode(await files.read("log"));
    };
    expect(await put("create-new", "a")).toBe("a");
    expect(await put("append", "b")).toBe("ab");
    expect(await put("write", "c")).toBe("c");
    await expect(files.open("log", "create-new")).rejects.toMatchObject({ code: "EEXIST" });
  });

  test("what is not there can be removed, and neither read nor listed", async () => {
    await using pair = await startPair();
    const { files } = pair.client;
    await files.makeDirectory("a/b");
    await files.remove("a");
    await files.remove("a");
    await expect(files.read("a")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(files.list("a")).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("a file that is open stays the same one, whatever becomes of its name", async () => {
    await using pair = await startPair();
    const { files } = pair.client;
    await using file = await files.open("first", "write");
    await file.write("one ");
    await files.rename("first", "second");
    await file.write("two ");
    await save(files, "first", "another");
    await files.remove("first");
    await file.write("three");
    expect(await textIn(files, "second")).toBe("one two three");
    await files.remove("second");
    await file.write("into the void");
    await file.sync();
    expect(await files.list(".")).toEqual([]);
  });

  test("whoever appends writes at the end, and whoever writes goes on where he was", async () => {
    await using pair = await startPair();
    const { files } = pair.client;
    await using writer = await files.open("log", "write");
    await using one = await files.open("log", "append");
    await using other = await files.open("log", "append");
    await one.write("1");
    await other.write("2");
    await one.write("3");
    await writer.write("ab");
    expect(await textIn(files, "log")).toBe("ab3");
    await save(files, "log", "");
    await writer.write("c");
    expect(await textIn(files, "log")).toBe("\0\0c");
  });

  test("a program may write over its bytes as soon as it has given them away", async () => {
    await using pair = await startPair();
    const { files } = pair.client;
    await using file = await files.open("file", "write");
    const bytes = Buffer.from("given");
    const written = file.write(bytes);
    bytes.fill("x");
    await written;
    const read = await files.read("file");
    expect(String(Buffer.from(read))).toBe("given");
    read.fill(0);
    expect(await textIn(files, "file")).toBe("given");
  });

  test("a rename takes the place of a file, or of an empty directory, and takes along what is inside", async () => {
    await using pair = await startPair();
    const { files } = pair.client;
    await files.makeDirectory("full/inside");
    await files.makeDirectory("empty");
    await save(files, "full/inside/file", "x");
    await save(files, "other", "y");
    await files.rename("full", "empty");
    await files.rename("other", "./empty/../empty/inside/file");
    await files.rename("empty", "empty");
    expect(await files.list(".")).toEqual(["empty"]);
    expect(await textIn(files, "empty/inside/file")).toBe("y");
  });

  test("names are sorted by their characters' codes", async () => {
    await using pair = await startPair();
    const { files } = pair.client;
    for (const name of ["b", "a", "B", "a-b", "ä", "10", "9"]) await files.makeDirectory(name);
    expect(await files.list("")).toEqual(["10", "9", "B", "a", "a-b", "b", "ä"]);
  });

  test("a file that was closed is so for good, and can be closed again", async () => {
    await using pair = await startPair();
    const file = await pair.client.files.open("file", "write");
    await file[Symbol.asyncDispose]();
    await file[Symbol.asyncDispose]();
    await expect(file.write("x")).rejects.toMatchObject({ code: "EBADF", syscall: "write" });
    await expect(file.sync()).rejects.toMatchObject({ code: "EBADF", syscall: "fsync" });
  });

  test.for<[string, string, string, (files: Files) => Promise<unknown>]>([
    ["reading a directory", "EISDIR", "read", (files) => files.read("directory")],
    ["reading what is not there", "ENOENT", "open", (files) => files.read("nothing")],
    ["writing to a directory", "EISDIR", "open", (files) => files.open("directory", "write")],
    ["appending to a directory", "EISDIR", "open", (files) => files.open("directory", "append")],
    ["making a file that is a directory", "EEXIST", "open", (files) => files.open("directory", "create-new")],
    ["making a file in no directory", "ENOENT", "open", (files) => files.open("nothing/file", "write")],
    ["making a file below a file", "ENOTDIR", "open", (files) => files.open("file/below", "write")],
    ["listing a file", "ENOTDIR", "scandir", (files) => files.list("file")],
    ["listing what is not there", "ENOENT", "scandir", (files) => files.list("nothing")],
    ["making a directory that is a file", "EEXIST", "mkdir", (files) => files.makeDirectory("file")],
    ["making a directory below a file", "ENOTDIR", "mkdir", (files) => files.makeDirectory("file/below")],
    ["removing what is below a file", "ENOTDIR", "lstat", (files) => files.remove("file/below")],
    ["renaming what is not there", "ENOENT", "rename", (files) => files.rename("nothing", "new")],
    ["renaming into no directory", "ENOENT", "rename", (files) => files.rename("file", "nothing/new")],
    ["renaming over a full directory", "ENOTEMPTY", "rename", (files) => files.rename("empty", "directory")],
    ["renaming a file over a directory", "EISDIR", "rename", (files) => files.rename("file", "empty")],
    ["renaming a directory over a file", "ENOTDIR", "rename", (files) => files.rename("empty", "file")],
    ["renaming a directory into itself", "EINVAL", "rename", (files) => files.rename("directory", "directory/new")],
    ["renaming over what it is in", "ENOTEMPTY", "rename", (files) => files.rename("directory/file", "directory")],
    ["syncing a directory that is not there", "ENOENT", "open", (files) => files.syncDirectory("nothing")],
  ])("%s fails with %s, and nothing is changed", async ([, code, syscall, attempt]) => {
    await using pair = await startPair();
    const { files } = pair.client;
    await files.makeDirectory("directory");
    await files.makeDirectory("empty");
    await save(files, "directory/file", "x");
    await save(files, "file", "y");
    const error: unknown = await attempt(files).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, syscall, message: expect.stringMatching(`^${code}: .*, ${syscall}`) });
    expect(await files.list(".")).toEqual(["directory", "empty", "file"]);
    expect([await textIn(files, "directory/file"), await textIn(files, "file")]).toEqual(["x", "y"]);
  });

  test("a name that is longer than 255 bytes is too long", async () => {
    await using pair = await startPair();
    const { files } = pair.client;
    const longest = "é".repeat(127) + "x";
    await (await files.open(longest, "write"))[Symbol.asyncDispose]();
    expect(await files.read(longest)).toHaveLength(0);
    const refused = { code: "ENAMETOOLONG" };
    await expect(files.open(`${longest}x`, "write")).rejects.toMatchObject(refused);
    await expect(files.read(`${longest}x/y`)).rejects.toMatchObject(refused);
    await expect(files.makeDirectory(`${longest}x`)).rejects.toMatchObject(refused);
    await expect(files.rename(longest, `${longest}x`)).rejects.toMatchObject(refused);
  });

  test("a lock is one program's at a time, whatever its file is and however it is named", async () => {
    await using pair = await startPair();
    const { files: mine } = pair.client;
    const { files: yours } = pair.stranger;
    const lock = await mine.lock("state.lock");
    expect(lock).toBeDefined();
    expect(await mine.list(".")).toEqual([]);
    expect(await yours.lock("./nothing/../state.lock")).toBeUndefined();
    expect(await mine.lock("state.lock")).toBeUndefined();
    await using other = await yours.lock("other.lock");
    expect(other).toBeDefined();
    await lock?.[Symbol.asyncDispose]();
    await lock?.[Symbol.asyncDispose]();
    await using again = await yours.lock("state.lock");
    expect(again).toBeDefined();
  });
}

async function save(files: Files, path: string, text: string): Promise<void> {
  await using file = await files.open(path, "write");
  await file.write(text);
}

async function textIn(files: Files, path: string): Promise<string> {
  return new TextDecoder().decode(await files.read(path));
}
