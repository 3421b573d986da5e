/** By day a test looks at as much as each commit can wait for, and at all of it by night: `.ci/full` sets the variable. */
export const byNight = process.env["SINBIN_TESTS"] === "all";

/** Of a property: each run is another random value, by day as by night. */
export const runs = (number: number): { readonly numRuns: number } => ({
  numRuns: byNight ? number : Math.ceil(number / 5),
});
