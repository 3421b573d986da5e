/**
 * From a run that failed to the smallest plan that fails by the same expectation.
 *
 *     failure ──► explicit plan ──► does it fail? ──► reduce ──► a plan to commit
 */
import type { PlanDocument } from "../plan/schema.ts";
import { cutAfterFailure } from "./cut.ts";
import { isOfTheEnd, placedSteps, withSteps } from "./document.ts";
import { armedSteps, explicitPlan } from "./explicit.ts";
import type { Failure } from "./failure.ts";
import { neat } from "./neat.ts";
import { createOracle } from "./oracle.ts";
import type { Trial } from "./oracle.ts";
import { reduce } from "./reduce.ts";

export interface ShrinkOptions {
  readonly failure: Failure;
  readonly trial: Trial;
  /** How many candidates may be tried. */
  readonly attempts: number;
  /** Whether there is such a file: see `explicitPlan`. */
  readonly isThere: (path: string) => boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ShrinkProgress) => void;
}

export interface ShrinkProgress {
  readonly tries: number;
  /** Of the smallest plan so far. */
  readonly occurrences: number;
}

export interface Shrunk {
  /** The smallest plan that was seen to fail. */
  readonly document: PlanDocument;
  /** Occurrences of the run, and of the plan. */
  readonly before: number;
  readonly after: number;
  readonly tries: number;
  /** When it fails, in milliseconds since the run began. */
  readonly at?: number | undefined;
  /** Why it may not be the smallest there is. */
  readonly cut?: "attempts" | "interrupted";
}

/** Undefined if the run, written out, does not fail by that expectation again. */
export async function shrinkRun(options: ShrinkOptions): Promise<Shrunk | undefined> {
  const { failure, trial, attempts, isThere, signal, onProgress } = options;
  const before = failure.events.filter(({ event }) => event === "fault.inject").length;
  let best: PlanDocument | undefined;
  const report = (tries: number): void =>
    onProgress?.({ tries, occurrences: best === undefined ? before : placedSteps(best).length });
  const oracle = createOracle({
    attempts,
    onTry: report,
    async trial(text) {
      signal.throwIfAborted();
      const failed = await trial(text);
      // What it came to while it was interrupted is worth nothing.
      signal.throwIfAborted();
      return failed;
    },
  });
  const fails = (document: PlanDocument): Promise<boolean> => oracle.fails(document);

  const resultOf = (document: PlanDocument, cut: Shrunk["cut"]): Shrunk => ({
    document: neat(document),
    ...oracle.failureOf(document),
    before,
    after: placedSteps(document).length,
    tries: oracle.tries,
    ...(cut === undefined ? {} : { cut }),
  });
  try {
    best = await explicitForm(failure, isThere, fails);
    if (best === undefined) return undefined;
    const cut = isOfTheEnd(best) ? undefined : cutAfterFailure(best, failure);
    const needed = cut === undefined || !(await fails(withSteps(best, [])));
    if (cut !== undefined && (await fails(cut)) && (!needed || !(await fails(withSteps(cut, []))))) best = cut;
    best = await reduce(best, fails, (smaller) => {
      best = smaller;
    });
    return resultOf(best, oracle.spent ? "attempts" : undefined);
  } catch (error) {
    if (!signal.aborted || best === undefined) throw error;
    return resultOf(best, "interrupted");
  }
}

/** With every time that the history knows, as far as that still fails: steps that wait for something may depend on what they waited for. */
async function explicitForm(
  failure: Failure,
  isThere: ShrinkOptions["isThere"],
  fails: (document: PlanDocument) => Promise<boolean>,
): Promise<PlanDocument | undefined> {
  const all = armedSteps(failure);
  const form = (armed: ReadonlySet<string>): PlanDocument => explicitPlan(failure, { armed, isThere });
  if (await fails(form(new Set()))) return form(new Set());
  let armed: ReadonlySet<string> = new Set(all);
  if (all.length === 0 || !(await fails(form(armed)))) return undefined;
  for (const name of all) {
    const fewer = new Set([...armed].filter((other) => other !== name));
    if (fewer.size > 0 && (await fails(form(fewer)))) armed = fewer;
  }
  return form(armed);
}
