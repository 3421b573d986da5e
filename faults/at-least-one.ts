/** Where none of some parameters is written, there is nothing to do (`atLeastOneOf` of a declaration). */
type Written = Readonly<Record<string, unknown>>;

/** For `refine`. `example`: of one of them. */
export function atLeastOne(keys: readonly string[], example: string): [(written: Written) => boolean, string] {
  return [
    (written) => keys.some((key) => written[key] !== undefined),
    `write at least one of ${keys.join(" and ")}, such as ${example}`,
  ];
}
