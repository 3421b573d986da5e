/** What works on this machine, for `sinbin doctor`: each answer comes from a trial, and each "no" with what to do about it. */
import type { Capability } from "../capability.ts";
import { compilerRemedy } from "../../../host/clock/library.ts";
import { tryClock } from "./clock.ts";
import { findLimitHindrance } from "./limits.ts";
import { localCapabilities, needsClock } from "./layout.ts";
import { findWireHindrance, missingWireTools } from "./wire/hindrance.ts";
import { wireTools } from "./wire/wire.ts";
import { findHindrance, isIsolated, missingTools, tools } from "./isolate.ts";

export interface Finding {
  readonly capability: Capability;
  readonly works: boolean;
  readonly reason?: string;
  /** What to do, as a command where one would do. */
  readonly install?: string;
}

export async function examine(): Promise<readonly Finding[]> {
  const hindrance = isIsolated() ? undefined : await findHindrance();
  const limitHindrance = findLimitHindrance();
  const wireHindrance = hindrance === undefined ? await findWireHindrance() : undefined;
  const clockHindrance = await tryClock();
  return localCapabilities.map((capability) => {
    if (hindrance !== undefined && needsIsolation.has(capability))
      return { capability, works: false, reason: hindrance, install: remedy() };
    if (limitHindrance !== undefined && capability === "limits")
      return { capability, works: false, reason: limitHindrance, install: limitRemedy() };
    if (wireHindrance !== undefined && needsWire.has(capability))
      return { capability, works: false, reason: wireHindrance, install: wireRemedy() };
    if (clockHindrance !== undefined && needsClock.includes(capability))
      return { capability, works: false, reason: clockHindrance, install: clockRemedy() };
    return { capability, works: true };
  });
}

const needsWire: ReadonlySet<Capability> = new Set<Capability>(["cables", "packets"]);
const needsIsolation: ReadonlySet<Capability> = new Set<Capability>(["isolation", "natural-ports", ...needsWire]);

function wireRemedy(): string {
  const packages = new Set(missingWireTools().map((tool) => wireTools[tool]));
  return packages.size > 0
    ? `apt-get install ${[...packages].join(" ")}`
    : "run sinbin on Linux 5.16 or newer, with nf_tables (CONFIG_NETFILTER_EGRESS, CONFIG_NFT_FWD_NETDEV)";
}

function clockRemedy(): string {
  return process.platform === "linux" ? compilerRemedy : "run sinbin on Linux";
}

function limitRemedy(): string {
  return process.platform === "linux" ? "apt-get install util-linux" : "run sinbin on Linux";
}

function remedy(): string {
  if (process.platform !== "linux") return "run sinbin on Linux";
  const packages = new Set(missingTools().map((tool) => tools[tool]));
  if (packages.size > 0) return `apt-get install ${[...packages].join(" ")}`;
  return (
    "allow user namespaces: sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, " +
    "user.max_user_namespaces=10000; in a container: --security-opt seccomp=unconfined --security-opt systempaths=unconfined"
  );
}
