/** What the system or Node calls an error, such as ENOENT; undefined if it has no name. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
