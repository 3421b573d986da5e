/** How a process gets a virtual clock: what goes in front of its command, and which its children inherit. */
import { resolve } from "node:path";

export interface Preload {
  readonly library: string;
  /** The page. */
  readonly page: string;
  /** Whose children are the main processes. */
  readonly parent: number;
}

/**
 * `env` becomes the command, as a shell would find it. Whatever stands in front of these words has the machine's own clock, so that what it sees is not
 * taken for what the service has seen.
 */
export function withVirtualClock(command: readonly string[], { library, page, parent }: Preload): readonly string[] {
  const preload = [library, process.env["LD_PRELOAD"]].filter((each) => each !== undefined && each !== "").join(":");
  return ["env", `LD_PRELOAD=${preload}`, `SINBIN_CLOCK=${resolve(page)}`, `SINBIN_CLOCK_PARENT=${parent}`, ...command];
}
