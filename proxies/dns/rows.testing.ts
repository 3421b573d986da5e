/** Rows of the table of faults, by the parts of the catalogue of DNS faults; `faults.test.ts` says what is done with them. */
export interface Row {
  /** Of the catalogue of DNS faults, in whose order they stand. */
  readonly row: number;
  readonly kind: string;
  readonly parameters?: object;
  /** What is asked; over UDP for `A` by default. `impatient`: dig waits only for a second. */
  readonly asks?: readonly string[];
  readonly impatient?: true;
  /** What dig says with it, and does not say without it. */
  readonly dig: RegExp;
  /** What `view` shows. Undefined: nothing comes. */
  readonly wire: RegExp | undefined;
}

export const timedOut = /communications error to 127\.0\.0\.1#\d+: timed out/;
