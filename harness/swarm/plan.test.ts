import { describe, expect, test } from "vitest";
import { parseText } from "../plan/plan.testing.ts";
import { planForImage } from "./plan.ts";
import type { Places } from "./plan.ts";

const text = (program: string, command: string): string => `
plan: drip
services:
  plc: { program: ${program} }
  shell: { command: [${command}, --flag] }
phases:
  - { name: storm, for: 1m }
`;

const places: Places = {
  pathInImage: (path) => (path === "node.ts" ? "/opt/sinbin/node.ts" : undefined),
  isThere: (path) => path === "own.sh",
};

describe("a plan for the image", () => {
  test("has the image's paths, and is otherwise the same", async () => {
    const plan = await parseText(text("node.ts", "sleep"));
    expect(planForImage("drip.yaml", plan, places)).toBe(
      [
        "plan: drip",
        "services:",
        "  plc: { program: /opt/sinbin/node.ts }",
        "  shell: { command: [sleep, --flag] }",
        "phases:",
        "  - { name: storm, for: 1m }",
        "",
      ].join("\n"),
    );
  });

  test("is refused if a program is not in the image", async () => {
    const plan = await parseText(text("node.ts", "sleep"));
    expect(() => planForImage("drip.yaml", plan, { ...places, pathInImage: () => undefined })).toThrow(
      "drip.yaml: services.plc.program: the nodes of a swarm have what is in sinbin's own folder, and node.ts is not part of it",
    );
  });

  test("is refused if a swarm takes nothing so big", async () => {
    const plan = await parseText(`about: "${"x".repeat(600_000)}"\n${text("node.ts", "sleep")}`);
    expect(() => planForImage("drip.yaml", plan, places)).toThrow(/the plan has 600\d\d\d bytes; a swarm takes 500000/);
  });
});
