/** Errors that are for users: their message is shown without a stack. Anything else that escapes is a bug. */
export class HarnessError extends Error {}

/** The command line was wrong. Exit code 254. */
export class UsageError extends HarnessError {}

/** The reason of a signal that was aborted because the user wants no more of it. */
export class Interrupted extends Error {}

/** A position in a plan or in a file that it includes; lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Where in the document, such as `phases[1].faults[0].tcp.latency.delay`; empty for the whole file. */
  readonly path: string;
  /** What is wrong, with which value, and what to write instead. */
  readonly message: string;
}

/** The plan is wrong: all that is wrong with it, in the order of the text. Exit code 254. */
export class PlanError extends HarnessError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(
      problems
        .map(
          ({ file, line, column, path, message }) =>
            `${file}:${line}:${column}${path === "" ? "" : ` ${path}`}: ${message}`,
        )
        .join("\n"),
    );
    this.problems = problems;
  }
}

/** A service or the world itself did not do its part. The verdict is `unknown`. */
export class WorldError extends HarnessError {
  /** The last lines that the service in question wrote. */
  readonly log: readonly string[];

  constructor(message: string, options: { readonly log?: readonly string[]; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.log = options.log ?? [];
  }
}

/** Whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
