/** Failures that come and go: tried as often as it takes to see one again. */
import type { Trial } from "./oracle.ts";

export interface Rate {
  readonly failed: number;
  readonly runs: number;
}

export interface Repeated {
  readonly trial: Trial;
  /** How often the first plan failed that did at all; undefined before that. */
  readonly rate: Rate | undefined;
}

/** One that fails as often as the first one would be caught so certainly. */
const certainty = 0.99;
const runsToMeasure = 10;
const mostRuns = 50;

/** The first plan that fails is run ten times, and all others until they fail, as often as that rate asks for. */
export function repeated(trial: Trial): Repeated {
  let rate: Rate | undefined;
  return {
    get rate() {
      return rate;
    },
    async trial(text) {
      if (rate === undefined) {
        const { failure, ...measured } = await measure(trial, text);
        if (failure !== undefined) rate = measured;
        return failure;
      }
      for (let run = 0; run < runsFor(rate); run++) {
        const failure = await trial(text);
        if (failure !== undefined) return failure;
      }
      return undefined;
    },
  };
}

/** How often a plan fails, and how it did for the first time. */
export async function measure(
  trial: Trial,
  text: string,
): Promise<Rate & { readonly failure: Awaited<ReturnType<Trial>> }> {
  const failures: NonNullable<Awaited<ReturnType<Trial>>>[] = [];
  for (let run = 0; run < runsToMeasure; run++) {
    const failure = await trial(text);
    if (failure !== undefined) failures.push(failure);
  }
  return { failed: failures.length, runs: runsToMeasure, failure: failures[0] };
}

export function runsFor({ failed, runs }: Rate): number {
  if (failed >= runs) return 1;
  return Math.min(mostRuns, Math.ceil(Math.log(1 - certainty) / Math.log(1 - failed / runs)));
}
