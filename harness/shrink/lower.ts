/** Makes a number smaller, or milder, as far as that still fails. */

/** Halves between values differ by more than this share of them. */
const enough = 0.15;
const mostSteps = 12;

/**
 * From `value`, which fails, towards `mildest`: all the way if that fails, else by halves (of the orders of magnitude, where both are above 0). `tidy`
 * rounds to what a person would write; a value that it does not move any more is not tried.
 */
export async function lowered(
  value: number,
  mildest: number,
  tidy: (value: number) => number,
  fails: (value: number) => Promise<boolean>,
): Promise<number> {
  if (value === mildest) return value;
  if (await fails(mildest)) return mildest;
  let [failing, passing] = [value, mildest];
  for (let step = 0; step < mostSteps; step++) {
    if (Math.abs(failing - passing) <= enough * Math.max(Math.abs(failing), Math.abs(passing))) break;
    const middle = tidy(failing > 0 && passing > 0 ? Math.sqrt(failing * passing) : (failing + passing) / 2);
    if (middle === failing || middle === passing) break;
    if (await fails(middle)) failing = middle;
    else passing = middle;
  }
  return failing;
}

/** To so many significant digits, as people write figures. */
export function rounded(value: number, digits = 2): number {
  return value === 0 ? 0 : Number(value.toPrecision(digits));
}
