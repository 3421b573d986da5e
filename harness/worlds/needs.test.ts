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

test("what can't be run in a simulation is said before anything starts, and so is a limit that can't be set", () => {
  const sim = { name: "local", capabilities: new Set(["programs"] as const) };
  const { services, phases } = sketchPlan();
  expect(lackOf(sketchPlan({ services: { ...services, plc: command }, links: {} }), sim)).toBe(
    "it needs commands (plc is a command): a world that runs commands: --world local",
  );
  const [phase] = phases;
  const step = {
    name: "few",
    choices: [{ weight: 1, kind: "limits.open-files", parameters: { to: 9 } }],
    chosen: false,
    where: { names: ["node"], count: 1 },
    at: "0ms",
    match: {},
    may_miss: false,
  };
  if (phase === undefined) throw new Error("the sketch has a phase");
  expect(lackOf(sketchPlan({ phases: [{ ...phase, faults: [step] }] }), sim)).toBe(
    "it needs limits (limits.open-files sets one): see sinbin doctor",
  );
});
