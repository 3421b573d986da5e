import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { hasEngine } from "../worlds/docker/engine.testing.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

const containers = hasEngine ? [["docker"]] : [];

test.each([["sim"], ["local", "--no-isolation"], ["local"], ...containers])(
  "answers over udp come again when they were lost: %s",
  async (world = "sim", ...flags) => {
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
);
