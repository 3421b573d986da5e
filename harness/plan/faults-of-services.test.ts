/** Faults of services: of which, and with which keys. */
import { describe, expect, test } from "vitest";
import { problemsIn, twoServices } from "./plan.testing.ts";

const problemsOf = (step: string): Promise<readonly string[]> =>
  problemsIn(`plan: p\n${twoServices}\nphases:\n  - name: storm\n    for: 60s\n    faults:\n      - ${step}\n`);

describe("faults of services", () => {
  test.each([
    ["disk.power-loss: {}", "disk.power-loss acts on programs only, and plc is a command: use process.kill"],
    ["disk.full: {}", "disk.full acts on programs only, and plc is a command: "],
    ["limits.processes: { to: 3 }", "limits.processes acts on programs only, and plc is a command: "],
    ["limits.open-files: { to: 40 }", "write may_miss: true, and expect what shows it: "],
  ])("%s of a command is refused with what to write instead, wherever it may hit one", async (fault, message) => {
    for (const where of ["plc", "[node, plc]", "all", "{ one_of: all }", "{ random: 1, of: [plc, node] }"]) {
      const problems = await problemsOf(`${fault.replace(/-(?=[\w-]*:)/g, "_")}\n        where: ${where}`);
      expect(problems).toEqual([expect.stringContaining(message)]);
    }
    expect(await problemsOf(`${fault.replace(/-(?=[\w-]*:)/g, "_")}\n        where: node`)).toEqual([]);
  });

  test("a path may lead nowhere but into the service's directory", async () => {
    expect(await problemsOf("disk.delete: { path: ../other }\n        where: node")).toEqual([
      expect.stringContaining("write a path within the service's directory"),
    ]);
    expect(await problemsOf('disk.delete: { path: { choice: ["*.json", state] } }\n        where: plc')).toEqual([]);
  });

  test("keys that choose connections have nothing to choose from", async () => {
    expect(await problemsOf("cpu.freeze: {}\n        where: plc\n        probability: 5%")).toEqual([
      expect.stringContaining("leave out probability: it chooses connections, and this fault acts on a service"),
    ]);
  });
});
