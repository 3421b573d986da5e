/** Plans of one PLC and any number of nodes, at the times of the field: each node polls every ten minutes or so. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { bindPlan, parsePlan } from "../harness/plan/parse.ts";
import type { Plan } from "../harness/plan/schema.ts";

export interface Fleet {
  readonly nodes: number;
  readonly hours: number;
  /** Ten minutes unless told otherwise, as in the field; no two of a fleet the same. */
  readonly pollSeconds?: number;
}

export async function fleetPlan(fleet: Fleet): Promise<Plan> {
  const text = renderFleet(fleet);
  // Nothing but the plan itself is made up: subjects are read from where they are.
  const file = resolve("bench/fleet.yaml");
  const plan = await parsePlan(file, async (path) => (path === file ? Buffer.from(text) : readFile(path)));
  return bindPlan(plan, { seed: 1, cell: {}, params: {} });
}

function renderFleet({ nodes, hours, pollSeconds = 600 }: Fleet): string {
  const names = Array.from({ length: nodes }, (_, index) => `node${index}`);
  const service = (name: string, index: number): string =>
    `  ${name}: { program: planetlab/node-manager/main.ts, args: [--plc, "https://plc.test:443", --node-id, "42", --poll, ${pollSeconds + (index % 60)}s] }`;
  return [
    "plan: fleet",
    "services:",
    '  plc: { program: planetlab/plc/main.ts, args: [--listen, "443", --slices, "4", --node-id, "42"] }',
    ...names.map(service),
    "links:",
    ...names.map(
      (name, index) => `  fetch${index}: { from: ${name}, to: plc, proto: https, port: 443, name: plc.test }`,
    ),
    "phases:",
    `  - { name: life, for: ${hours * 60}m }`,
    "expect:",
    ...names.map((name) => `  - never: ${name}.exited`),
    "",
  ].join("\n");
}
