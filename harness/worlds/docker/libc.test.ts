import { readFile, realpath } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { loaderPaths } from "../../../host/clock/glibc.ts";
import { buildClockLibrary } from "../../../host/clock/library.ts";
import { checkLibc } from "./libc.ts";

const path = loaderPaths.get(process.arch) ?? "";
const own = process.arch === "x64" ? "amd64" : process.arch;
const library = await readFile(await buildClockLibrary());
const said = (text: string) => async (asked: string) => (asked === path ? Buffer.from(text) : undefined);

function check(read: (path: string) => Promise<Uint8Array | undefined>, architecture = own): Promise<void> {
  return checkLibc(library, { service: "node", image: "daemon:1", architecture, container: { read } });
}

describe("the library of virtual clocks", () => {
  test("fits into an image with the glibc of this machine, and any later one", async () => {
    await expect(check(async (asked) => readFile(await realpath(asked)))).resolves.toBeUndefined();
    await expect(check(said("GNU C Library stable release version 3.0."))).resolves.toBeUndefined();
  });

  test.each([
    ["no loader", async () => undefined, own, `has another C library than glibc (there is no ${path})`],
    [
      "a loader of another C library",
      said("musl libc 1.2"),
      own,
      "has another C library than glibc, or one before 2.33",
    ],
    [
      "an older glibc",
      said("stable release version 2.1."),
      own,
      "has glibc 2.1; the library, which is compiled here, needs 2.",
    ],
    ["another architecture", said(""), "riscv64", `is for riscv64, and the library is compiled here, for ${own}`],
  ])("does not fit into one with %s", async (_what, read, architecture, complaint) => {
    await expect(check(read, architecture)).rejects.toThrow(
      `node can't have a virtual clock: its image daemon:1 ${complaint}`,
    );
  });
});
