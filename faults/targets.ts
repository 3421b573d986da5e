/** What the faults of those planes act on whose `where` is a service. */
import type { ClockTarget } from "./clock/contract.ts";
import type { CpuTarget } from "./cpu/contract.ts";
import type { DeclaredTarget } from "./declared/contract.ts";
import type { DiskTarget } from "./disk/contract.ts";
import type { LimitsTarget } from "./limits/contract.ts";
import type { NetworkTarget } from "./network/contract.ts";
import type { PacketTarget } from "./packet/contract.ts";
import type { ProcessTarget } from "./process/contract.ts";
import type { TimekeeperTarget } from "./timekeeper/contract.ts";
import type { ResolverTarget } from "./resolver/contract.ts";

export interface Targets {
  readonly process: ProcessTarget;
  readonly disk: DiskTarget;
  readonly cpu: CpuTarget;
  readonly limits: LimitsTarget;
  /** Only where the service has a virtual clock: in a plan that does something to it. */
  readonly clock?: ClockTarget;
  /** Only in worlds that give each service a cable. */
  readonly network?: NetworkTarget;
  readonly packet?: PacketTarget;
  /** Only in worlds that set the clock of a service. */
  readonly timekeeper?: TimekeeperTarget;
  /** Only of services whose subject declares faults. */
  readonly declared?: DeclaredTarget;
  /** Only of services that ask name servers. */
  readonly resolver?: ResolverTarget;
}
