/** Tests that need an engine: where none answers they are told of, and in CI they fail. */
import { describe, expect, test } from "vitest";
import { connectEngine } from "./engine.ts";

/** Why they can't run here; undefined if they can. They look at the processes of containers, as root of the engine's machine. */
export async function findEngineHindrance(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "only root sees the processes of containers";
  try {
    using engine = await connectEngine();
    return engine.name === "this machine"
      ? undefined
      : `it looks at processes, and its engine is elsewhere (${engine.name})`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const hindrance = await findEngineHindrance();

export function describeWithEngine(what: string, tests: () => void): void {
  // oxlint-disable-next-line vitest/no-conditional-tests, vitest/valid-title, vitest/valid-describe-callback -- it is `describe`, where that can be.
  if (hindrance === undefined) describe(what, tests);
  else tellUntested(what, hindrance);
}

export function tellUntested(what: string, reason: string): void {
  process.stderr.write(`NOT TESTED: ${what}: ${reason}\n`);
  if (process.env["CI"] === undefined || process.env["CI"] === "") return;
  test(`${what} is tested in CI`, () => expect.fail(reason));
}
