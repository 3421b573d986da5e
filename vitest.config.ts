import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";
import type { TestSpecification } from "vitest/node";
import { byNight } from "./host/night.testing.ts";

/** Engines that are made for the test alone, at first a minute each: by day the parts that these put together are tested one by one. `.ci/full` sets the variable. */
const nightly = byNight ? [] : ["harness/swarm/swarm.test.ts", "harness/worlds/docker/{dead-engine,remote}.test.ts"];

/** Where nothing is known of earlier runs, as in CI, large files come first: those that start worlds are small ones, and the last of them would be waited for alone. */
class WorldsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = Object.groupBy(await super.sort(files), ({ moduleId }) =>
      /\/harness\/(worlds|cli|run)\//.test(moduleId) ? "worlds" : "others",
    );
    return [...(sorted.worlds ?? []), ...(sorted.others ?? [])];
  }
}

/** Four kinds of test, fast to slow, told apart by name: see CONTRIBUTING.md. */
export default defineConfig({
  test: {
    reporters: ["dot"],
    include: ["**/*.test.ts"],
    exclude: ["node_modules/**", "runs/**", ...nightly],
    // Nothing outlives a test, so that one process may run file after file: a third of what those cost that start nothing would be for a process, and for loading the same again.
    isolate: false,
    sequence: { sequencer: WorldsFirst },
    // Guards against a hang, ten times what the longest take: those that start engines of their own, and kill them.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 300_000 } },
    // The slowest wait for real time, engines and other processes: one of them a core leaves a core idle.
    maxWorkers: Math.max(2, availableParallelism()) + 1,
    // A run in real time computes as it begins, and then waits: more of a file at once, and a busy machine stands still for longer than a run forgives.
    maxConcurrency: 2,
    // Tests start hundreds of processes, and to compile the same files anew takes each of them half of its time.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/compiled") },
  },
});
