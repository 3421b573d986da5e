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
    "it needs limits (for limits.open-files): see sinbin doctor",
  );
});

test("an image needs a world of images, be it built or have a command, and so does a port that it serves", () => {
  const { services } = sketchPlan();
  const { command: _command, ...rest } = command;
  const why = (service: Service): string | undefined =>
    lackOf(sketchPlan({ services: { ...services, plc: service } }), isolated);
  const lack = "it needs images (plc is an image): a world that runs images: --world docker";
  expect(why({ ...rest, image: "redis:8" })).toBe(lack);
  expect(why({ ...command, image: "redis:8" })).toBe(lack);
  expect(why({ ...rest, build: { context: ".", dockerfile: "Dockerfile", args: {} } })).toBe(lack);
  const docker = { name: "local", capabilities: new Set(["programs", "images"] as const) };
  expect(lackOf(sketchPlan({ services: { ...services, plc: { ...rest, image: "redis:8" } } }), docker)).toBe(
    "it needs natural-ports (plc is an image that listens on 443): namespaces: see sinbin doctor",
  );
});

test("who asks beyond the plan needs a world that leads there", () => {
  const { services } = sketchPlan();
  const plan = sketchPlan({ services: { ...services, plc: { ...command, beyond: "8.8.8.8:53" } }, links: {} });
  expect(lackOf(plan, isolated)).toBe(
    "it needs outside (plc asks 8.8.8.8:53, which is beyond the plan): nothing around the services: --world local --no-isolation",
  );
  const open = { name: "local", capabilities: new Set(["programs", "commands", "outside"] as const) };
  expect(lackOf(plan, open)).toBeUndefined();
});

test("limits from the start on need a world that keeps them", () => {
  const { services } = sketchPlan();
  const [name, node] = Object.entries(services)[0] ?? [];
  if (name === undefined || node === undefined) throw new Error("the sketch has a service");
  const plan = sketchPlan({ services: { ...services, [name]: { ...node, limits: { cpus: 0.5, open_files: 20 } } } });
  expect(lackOf(plan, isolated)).toBe(
    `it needs memory (${name} has limits.cpus, limits.open_files): a world that limits services: --world docker`,
  );
});
