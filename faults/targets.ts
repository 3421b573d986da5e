/** What the faults of those planes act on whose `where` is a service. */
import type { ProcessTarget } from "./process/contract.ts";

export interface Targets {
  readonly process: ProcessTarget;
}
