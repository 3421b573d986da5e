/**
 * What runs beside the loop, and is not what the Node Manager is there for: whatever goes wrong in it is told by its name, and stays in it (field failure F-34:
 * the exception of one side module stopped all of them, and no line said whose it was).
 */
import type { Log } from "../../host/host.ts";
import type { Guards } from "./guards.ts";

/** Resolves when the work is over, however it ended. */
export type Contain = (module: string, work: () => Promise<void>) => Promise<void>;

export function createContain(guards: Guards, log: Log): Contain {
  const contained: Contain = async (module, work) => {
    await work().catch((error: unknown) => log("module.failed", { module, why: String(error) }));
  };
  return guards.has("contain-side-modules") ? contained : (_module, work) => work();
}
