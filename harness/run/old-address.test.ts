/** What becomes of an address that a server had: it refuses, is dead, or is a stranger's. */
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

test.each([["sim"], ["local"], ...containers])(
  "who has kept an address is refused, hears nothing, or speaks to a stranger, and who looks the name up again does not: %s",
  async (world = "sim") => {
    const directory = await mkdtemp(join(tmpdir(), "sinbin-old-address-"));
    try {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [path("../cli/main.ts"), "run", path("fixtures/old-address.yaml"), "--world", world],
        { cwd: directory },
      );
      expect(stdout).toContain("pass: 1 passed");
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
);
