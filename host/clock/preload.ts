/** How a process gets a virtual clock: what goes in front of its command, and which its children inherit. */
import { resolve } from "node:path";

export interface Preload {
  readonly library: string;
  /** The page. */
  readonly page: string;
  /** Whose children are the main processes. */
  readonly parent: number;
}

/** What is preloaded already, be it the plan's doing, comes behind ours. */
const script = `export LD_PRELOAD="$1\${LD_PRELOAD:+:$LD_PRELOAD}" SINBIN_CLOCK="$2" SINBIN_CLOCK_PARENT="$3"; shift 3; exec "$@"`;

/**
 * A shell becomes the command, as it would find it. Whatever stands in front of these words has the machine's own clock, so that what it sees is not
 * taken for what the service has seen.
 */
export function withVirtualClock(command: readonly string[], { library, page, parent }: Preload): readonly string[] {
  return ["sh", "-c", script, "sh", library, resolve(page), String(parent), ...command];
}
