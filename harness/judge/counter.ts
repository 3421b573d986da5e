import { toMoment } from "./moment.ts";

/** Something that happens again and again, as expressions see it: an `event`. */
export interface Counter {
  happen(at: number, last: unknown): void;
  /** `age` counts from the beginning of the run before the first time; `last` is not known before it. */
  view(now: number): { readonly count: number; readonly age: number; readonly last: unknown };
}

export function createCounter(): Counter {
  let count = 0;
  let lastAt = 0;
  let last: unknown;
  return {
    happen(at, value) {
      count += 1;
      lastAt = at;
      last = value;
    },
    view: (now) => ({ count, age: toMoment(Math.max(0, now - lastAt)), last }),
  };
}
