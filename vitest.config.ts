import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Four kinds of test, fast to slow, told apart by name: see CONTRIBUTING.md. */
export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    reporters: ["dot"],
    exclude: ["node_modules/**", "runs/**"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Tests start hundreds of processes, and to compile the same files anew takes each of them half of its time.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/compiled") },
  },
});
