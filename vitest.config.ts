import { defineConfig } from "vitest/config";

/** Four kinds of test, fast to slow, told apart by name: see CONTRIBUTING.md. */
export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    reporters: ["dot"],
    exclude: ["node_modules/**", "runs/**"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
