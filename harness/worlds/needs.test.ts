import { expect, test } from "vitest";
import { sketchPlan } from "../judge/judge.testing.ts";
import type { Service } from "../plan/schema.ts";
import { lackOf } from "./needs.ts";

const local = { name: "local", capabilities: new Set(["programs", "commands"] as const) };
const isolated = { name: "local", capabilities: new Set(["programs", "commands", "natural-ports"] as const) };
const command: Service = {
  command: ["plc"],
  args: [],
  env: {},
  files: {},
  folder: ".",
  start_timeout: 1,
  stop_timeout: 1,
};

test("a program's port can be any, so a link to it needs nothing", () => {
  expect(lackOf(sketchPlan(), local)).toBeUndefined();
});

test("a command that is the server of a link needs natural ports", () => {
  const { services } = sketchPlan();
  const plan = sketchPlan({ services: { ...services, plc: command } });
  expect(lackOf(plan, local)).toBe(
    "it needs natural-ports (plc is a command that listens on 443): namespaces: see sinbin doctor",
  );
  expect(lackOf(plan, isolated)).toBeUndefined();
});
