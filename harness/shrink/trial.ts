/** From the text of a candidate to how it fails: parsed by the ordinary parser, run in some world, judged by the ordinary judge. */
import { PlanError } from "../errors.ts";
import type { Finding, Judgement } from "../judge/finding.ts";
import { parsePlan } from "../plan/parse.ts";
import type { ReadFile } from "../plan/parse.ts";
import type { Plan } from "../plan/schema.ts";
import { runTrial } from "../run/trial.ts";
import { loadPrograms } from "../worlds/sim/programs.ts";
import type { Programs } from "../worlds/sim/programs.ts";
import { failsBy } from "./failure.ts";
import type { Trial } from "./oracle.ts";

export interface TrialSource {
  /** For what the plan names: programs and subjects. */
  readonly read: ReadFile;
  readonly finding: Pick<Finding, "expectation" | "name">;
  /** One run with the plan's own seed. */
  readonly run: (plan: Plan, seed: number) => Promise<Judgement>;
}

/** The file exists for the parser only. */
const candidate = "candidate.yaml";

export function createTrial({ read, finding, run }: TrialSource): Trial {
  const files = new Map<string, Promise<Uint8Array>>();
  return async (text) => {
    try {
      const plan = await parsePlan(candidate, (path) => {
        if (path === candidate) return Promise.resolve(new TextEncoder().encode(text));
        // Programs and subjects are the same for thousands of candidates.
        const known = files.get(path) ?? read(path);
        files.set(path, known);
        return known;
      });
      const { findings } = await run(plan, Number(plan.seed));
      const failure = failsBy(findings, finding);
      return failure === undefined ? undefined : failure.at === undefined ? {} : { at: failure.at };
    } catch (error) {
      if (error instanceof PlanError) return undefined;
      throw error;
    }
  };
}

/** In the simulated world: exact, and thousands a minute. */
export function simulatedRun(signal: AbortSignal): TrialSource["run"] {
  let programs: Programs = new Map();
  return async (plan, seed) => {
    const known = Object.values(plan.services).every(({ program }) => program === undefined || programs.has(program));
    if (!known) programs = new Map([...programs, ...(await loadPrograms([plan]))]);
    return runTrial({ plan, cell: {}, seed, without: new Map(), programs, signal });
  };
}
