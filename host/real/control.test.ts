import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Host } from "../host.ts";
import { createRealHost } from "../real.ts";
import type { Control } from "./control.ts";

let home = "";
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "sinbin-control-"));
  await mkdir(join(home, "service"));
});
afterEach(() => rm(home, { recursive: true }));

function startRig() {
  const logged: unknown[] = [];
  const [directory, path] = [join(home, "service"), join(home, "control.json")];
  const host: Host = createRealHost({
    name: "node",
    directory,
    seed: 1,
    control: path,
    log: (event, fields) => void logged.push({ event, ...fields }),
  });
  return {
    host,
    logged,
    async control(control: Control) {
      await writeFile(`${path}.new`, JSON.stringify(control));
      await rename(`${path}.new`, path);
    },
  };
}

test("a disk that is full takes nothing that needs room, and all else", async () => {
  const rig = startRig();
  const { files } = rig.host;
  await using file = await files.open("file", "write");
  await file.write("content");
  await rig.control({ disk: "ENOSPC" });
  await expect(file.write("more")).rejects.toThrow("ENOSPC: no space left on device, write");
  await expect(files.open("new", "write")).rejects.toThrow("ENOSPC: no space left on device, open");
  await expect(files.makeDirectory("directory")).rejects.toThrow("ENOSPC: no space left on device, mkdir");
  await using again = await files.open("file", "write");
  await files.rename("file", "other");
  await files.remove("other");
  expect(rig.logged).toEqual([
    { event: "disk.refused", code: "ENOSPC" },
    { event: "disk.refused", code: "ENOSPC", path: "new" },
    { event: "disk.refused", code: "ENOSPC", path: "directory" },
  ]);
  await rig.control({});
  await again.write("x");
});

test("a disk that is read-only can be read", async () => {
  const rig = startRig();
  const { files } = rig.host;
  await using file = await files.open("file", "write");
  await file.write("content");
  await rig.control({ disk: "EROFS" });
  await expect(file.write("more")).rejects.toThrow("EROFS: read-only file system, write");
  for (const mode of ["write", "append"] as const)
    await expect(files.open("file", mode)).rejects.toThrow("EROFS: read-only file system, open");
  await expect(files.rename("file", "new")).rejects.toThrow("EROFS: read-only file system, rename");
  await expect(files.remove("file")).rejects.toThrow("EROFS: read-only file system, unlink");
  expect(rig.logged).toHaveLength(5);
  expect(await files.list(".")).toEqual(["file"]);
  expect(String(Buffer.from(await files.read("file")))).toBe("content");
  expect(String(await readFile(join(home, "service/file")))).toBe("content");
});

test("no more processes than there may be, the program itself included", async () => {
  const rig = startRig();
  const { processes } = rig.host;
  await rig.control({ processes: 2 });
  const child = await processes.start("sleep", ["1000"]);
  await expect(processes.start("sleep", ["1000"])).rejects.toMatchObject({
    code: "EAGAIN",
    syscall: "spawn sleep",
    message: "spawn sleep EAGAIN",
  });
  expect(rig.logged).toEqual([{ event: "limits.refused", limit: "processes" }]);
  child.signal("KILL");
  await child.exited;
  const next = await processes.start("true", []);
  expect(await next.exited).toEqual({ code: 0, signal: undefined });
});
