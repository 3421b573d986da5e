/** `sinbin reap`: what earlier runs have left at the engine, because they and their reapers were killed, or the engine died. */
import { HarnessError } from "../errors.ts";
import { exitCodes } from "./exit.ts";

export interface ReapFlags {
  /** Those of other machines, and those that run now, as well. */
  readonly all?: boolean;
  /** The images that sinbin has built, too. */
  readonly images?: boolean;
}

export async function reap({ all = false, images = false }: ReapFlags): Promise<number> {
  const { connectEngine } = await import("../worlds/docker/engine.ts");
  const { imageLabel, isOrphan, runLabel } = await import("../worlds/docker/labels.ts");
  const { removeAll } = await import("../worlds/docker/cleanup.ts");
  using engine = await connectEngine();
  const find = async () => {
    const found = await engine.list(runLabel);
    return all ? found : found.filter(isOrphan);
  };
  const found = await find();
  const done = await removeAll(engine, find);
  for (const { kind, name } of found) console.log(`removed ${kind} ${name}`);
  const built = images ? await engine.removeImages(imageLabel) : [];
  for (const name of built) console.log(`removed image ${name}`);
  if (!done) throw new HarnessError("some of it would not go: see the engine's own log");
  if (found.length + built.length === 0) console.log("nothing is left of earlier runs");
  const others = (await engine.list(runLabel)).map(({ labels }) => labels[runLabel]);
  const runs = new Set(others).size;
  if (runs > 0)
    console.log(
      `${runs === 1 ? "1 run goes" : `${runs} runs go`} on, or of another machine: left alone (--all removes them, too)`,
    );
  return exitCodes.pass;
}
