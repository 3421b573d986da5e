/** What groups use, judged by what their shells know of themselves. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { millisecondsOf } from "./proc.testing.ts";
import { createProcesses } from "./processes.ts";

/** Eight processes that count to a number each, one after the other; then what they took, and a rest. */
const script = `
for n in 1 2 3 4 5 6 7 8; do sh -c 'i=0; while [ $i -lt 40000 ]; do i=$((i+1)); done'; done
times >times; mv times done; sleep 1000; :`;

test("CPU time of processes that have ended is that of their shell's children, within a twentieth", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sinbin-usage-"));
  const processes = createProcesses({ directory, most: () => Infinity, log: () => undefined });
  const child = await processes.start("sh", ["-c", script]);
  await expect
    .poll(() => readFile(join(directory, "done"), "utf8").catch(() => ""), { timeout: 60_000, interval: 20 })
    .not.toBe("");
  const [, ofChildren = ""] = (await readFile(join(directory, "done"), "utf8")).split("\n");
  const truthMs = millisecondsOf(ofChildren);
  const usage = (await processes.usage()).groups.get(child.pid);
  child.signal("KILL");
  await child.exited;
  await rm(directory, { recursive: true });
  expect(truthMs).toBeGreaterThan(50);
  expect(Math.abs((usage?.pastCpuMs ?? 0) - truthMs)).toBeLessThanOrEqual(Math.max(20, truthMs / 20));
  expect(usage?.cpuMs).toBeLessThan(truthMs / 2);
  expect(usage?.residentBytes).toBeGreaterThan(100_000);
});
