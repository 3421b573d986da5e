/** Tests that need an engine: where none answers that is told, and CI must not take it for a success. */
import { connectEngine } from "./engine.ts";

/** They look at the processes of containers, as root of the engine's machine. */
async function findHindrance(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "only root sees the processes of containers";
  try {
    using engine = await connectEngine();
    const elsewhere = `they look at processes, and their engine is elsewhere (${engine.name})`;
    return engine.name === "this machine" ? undefined : elsewhere;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Why they can't run here; undefined if they can. */
export const engineHindrance = await findHindrance();

if (engineHindrance !== undefined) {
  process.stderr.write(`NOT TESTED: the docker world: ${engineHindrance}\n`);
  if (process.env["CI"] === "true") throw new Error(engineHindrance);
}

export const hasEngine = engineHindrance === undefined;
