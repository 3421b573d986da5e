import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

test.each([["sim"], ["local", "--no-isolation"]])(
  "answers over udp come again when they were lost: %s",
  async (world, ...flags) => {
    const directory = await mkdtemp(join(tmpdir(), "sinbin-udp-"));
    try {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [path("../cli/main.ts"), "run", path("fixtures/udp.yaml"), "--world", world, ...flags],
        { cwd: directory },
      );
      expect(stdout).toContain("pass: 1 passed");
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
  60_000,
);
