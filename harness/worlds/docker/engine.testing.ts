/** Tests that need an engine: where none answers that is told, and CI must not take it for a success. */
import { connectEngine } from "./engine.ts";
import type { Engine } from "./engine.ts";

/** The one that answers, or why none does. */
const answer: Engine | string = await connectEngine().catch((error: unknown) =>
  error instanceof Error ? error.message : String(error),
);

/** Most look at the processes of containers, as root of the engine's machine. */
function findHindrance(): string | undefined {
  if (typeof answer === "string") return answer;
  if (process.getuid?.() !== 0) return "only root sees the processes of containers";
  if (answer.name !== "this machine") return `they look at processes, and their engine is elsewhere (${answer.name})`;
  return undefined;
}

/** Why they can't run here; undefined if they can. */
export const engineHindrance = findHindrance();

if (engineHindrance !== undefined) {
  process.stderr.write(`NOT TESTED: the docker world: ${engineHindrance}\n`);
  if (process.env["CI"] === "true") throw new Error(engineHindrance);
}

export const hasEngine = engineHindrance === undefined;

/** For tests that are skipped where there is none. */
export function theEngine(): Engine {
  if (typeof answer === "string") throw new Error(answer);
  return answer;
}
