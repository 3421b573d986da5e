import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Four kinds of test, fast to slow, told apart by name: see CONTRIBUTING.md. */
export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    reporters: ["dot"],
    exclude: ["node_modules/**", "runs/**"],
    // Guards against a hang, ten times what the longest take: those that start engines of their own, and kill them.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 300_000 } },
    // The slowest wait for real time, engines and other processes: one of them a core leaves a core idle.
    maxWorkers: Math.max(2, availableParallelism()),
    // Tests start hundreds of processes, and to compile the same files anew takes each of them half of its time.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/compiled") },
  },
});
