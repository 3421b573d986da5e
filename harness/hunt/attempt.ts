/**
 * One try of a hunt: the n-th of all seeds times all cells.
 *
 *     n ──► seed, cell ──► plan (with its mix) ──► run in memory ──► verdict, and what it came from
 */
import { HarnessError } from "../errors.ts";
import { bindPlan } from "../plan/normalise.ts";
import type { Cell } from "../plan/cells.ts";
import type { Plan } from "../plan/schema.ts";
import { runTrial } from "../run/trial.ts";
import type { Programs } from "../worlds/sim/programs.ts";
import { firstFailure } from "../shrink/failure.ts";
import { mixInto } from "./mix.ts";
import type { Attempt } from "./ledger.ts";

/** What is tried. Plain data: it is handed to other threads. */
export interface Quarry {
  readonly plan: Plan;
  readonly cells: readonly Cell[];
  readonly firstSeed: number;
  /** Faults are added at random. */
  readonly mix: boolean;
  /** Guards that are switched off, by service. */
  readonly without: ReadonlyMap<string, readonly string[]>;
}

export interface Case {
  /** Bound, and with its mix. */
  readonly plan: Plan;
  readonly cell: Cell;
  readonly seed: number;
}

/** Every cell with the first seed, then every cell with the next one. */
export function caseOf({ plan, cells, firstSeed, mix }: Quarry, n: number): Case {
  const cell = cells[n % cells.length] ?? {};
  const seed = firstSeed + Math.floor(n / cells.length);
  const binding = { seed, cell, params: {} };
  const bound = bindPlan(plan, binding);
  return { plan: mix ? bindPlan({ ...bound, document: mixInto(bound, seed) }, binding) : bound, cell, seed };
}

/** @throws {Error} for a bug, with the seed that shows it. */
export async function attempt(
  quarry: Quarry,
  n: number,
  { programs, signal }: { readonly programs: Programs; readonly signal: AbortSignal },
): Promise<Attempt> {
  const { plan, cell, seed } = caseOf(quarry, n);
  try {
    const { verdict, findings } = await runTrial({ plan, cell, seed, without: quarry.without, programs, signal });
    // What failed first counts; the rest is mostly a consequence.
    const failed = firstFailure(findings)?.expectation;
    const reason = findings.find((finding) => finding.verdict === "unknown")?.reason;
    return { n, verdict, ...(failed === undefined ? {} : { failed }), ...(reason === undefined ? {} : { reason }) };
  } catch (error) {
    // A seed may draw what can't be done; the others need not.
    if (error instanceof HarnessError) return { n, verdict: "unknown", reason: error.message };
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`with seed ${seed}: ${message}`, { cause: error });
  }
}
