import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { faultKey } from "../../faults/key.ts";
import { faults } from "../../faults/registry.ts";
import { byNight } from "../../host/night.testing.ts";
import { hasEngine } from "../worlds/docker/engine.testing.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

const containers = hasEngine ? [["docker"]] : [];

const worlds = [["sim"], ["local"], ...(byNight ? [["local", "--no-isolation"], ...containers] : [])];
/** Each fault in them has to hit. */
const plans = ["udp", "streams"];

test.each(plans.flatMap((plan) => worlds.map((world) => [plan, ...world])))(
  "a client of its own sees what befalls its link, and that it ends: %s in %s",
  async (plan, world = "sim", ...flags) => {
    const directory = await mkdtemp(join(tmpdir(), `sinbin-${plan}-`));
    try {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [path("../cli/main.ts"), "run", path(`fixtures/${plan}.yaml`), "--world", world, ...flags],
        { cwd: directory },
      );
      expect(stdout).toContain("pass: 1 passed");
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
);

test("some plan has each fault of tcp, udp, http and tls", () => {
  const files = ["fixtures/*.yaml", "../../suites/**/*.yaml"].flatMap((those) =>
    globSync(those, { cwd: import.meta.dirname }),
  );
  const written = files.map((file) => readFileSync(path(file), "utf8")).join("\n");
  const keys = [...faults.values()]
    .filter(({ plane }) => ["tcp", "udp", "http", "tls"].includes(plane))
    .map(({ kind }) => faultKey(kind));
  expect(keys.length).toBeGreaterThan(40);
  expect(keys.filter((key) => !new RegExp(`^[^#]*\\b${key}:`, "m").test(written))).toEqual([]);
});
