/**
 * What the simulated world costs: `node bench/sim.ts [--all]`. Each figure is measured in a process of its own.
 *
 * The peer is real time, in which the local world runs: a ratio of 10,000 is ten thousand seconds of a plan in one second here.
 */
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bindCells, loadPlans } from "../harness/cli/plans.ts";
import type { Plan } from "../harness/plan/schema.ts";
import { runTrial } from "../harness/run/trial.ts";
import { loadPrograms } from "../harness/worlds/sim/programs.ts";
import { fleetPlan } from "./fleet.ts";

interface Figure {
  readonly what: string;
  /** `seeds`: how many runs after the first one, which is not counted: what is loaded and compiled once is not the seed's. */
  readonly measure: () => Promise<string>;
}

async function passTime(plan: Plan, seed: number, programs: Awaited<ReturnType<typeof loadPrograms>>): Promise<string> {
  const { verdict } = await runTrial({
    plan,
    cell: {},
    seed,
    without: new Map(),
    programs,
    signal: new AbortController().signal,
  });
  return verdict;
}

function fleet(nodes: number, hours: number): Figure {
  return {
    what: `${nodes} ${nodes === 1 ? "node" : "nodes"} and PLC, ${hours} h`,
    async measure() {
      const plan = await fleetPlan({ nodes, hours });
      const programs = await loadPrograms([plan]);
      const before = process.memoryUsage().rss;
      const began = performance.now();
      const verdict = await passTime(plan, 1, programs);
      const seconds = (performance.now() - began) / 1000;
      const rss = process.memoryUsage().rss;
      const rate = Math.round((hours * 3600) / seconds).toLocaleString("en");
      const each = nodes === 1 ? "" : `, ${((rss - before) / nodes / 1e6).toFixed(1)} MB a node`;
      return `${rate} plan seconds a second (${seconds.toFixed(1)} s, ${Math.round(rss / 1e6)} MB in all${each}, ${verdict})`;
    },
  };
}

/** Runs as many seeds as fit in a few seconds. */
function seeds(what: string, load: () => Promise<Plan>): Figure {
  return {
    what: `${what}, one core`,
    async measure() {
      const plan = await load();
      const programs = await loadPrograms([plan]);
      await passTime(plan, 0, programs);
      const began = performance.now();
      let count = 0;
      while (performance.now() - began < 5000) await passTime(plan, ++count, programs);
      const perMinute = (60_000 * count) / (performance.now() - began);
      const cores = availableParallelism();
      return `${Math.round(perMinute).toLocaleString("en")} seeds a minute, ${Math.round(perMinute * cores).toLocaleString("en")} with ${cores} jobs if they had a core each`;
    },
  };
}

async function suiteFigures(): Promise<readonly Figure[]> {
  const loaded = await loadPlans([fileURLToPath(new URL("../suites", import.meta.url))]);
  return loaded.map((each) =>
    seeds(each.plan.plan, async () => {
      const [bound] = bindCells(each, {});
      if (bound === undefined) throw new Error(`${each.file} has no cell`);
      return bound.plan;
    }),
  );
}

const figures: readonly Figure[] = [
  fleet(1, 24),
  fleet(100, 24),
  seeds("ten minutes of one node", () => fleetPlan({ nodes: 1, hours: 1 / 6, pollSeconds: 30 })),
  ...(await suiteFigures()),
  ...(process.argv.includes("--all") ? [fleet(400, 24)] : []),
];

const chosen = Number(process.argv.find((word) => /^\d+$/.test(word)) ?? NaN);
if (Number.isNaN(chosen)) {
  for (const [n, { what }] of figures.entries()) {
    const args = [...process.execArgv, fileURLToPath(import.meta.url), String(n), ...process.argv.slice(2)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 20 });
    process.stdout.write(`${what.padEnd(52)} ${stdout}`);
  }
} else {
  process.stdout.write(`${await figures[chosen]?.measure()}\n`);
}
