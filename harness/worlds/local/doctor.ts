/** What works on this machine, for `sinbin doctor`: each answer comes from a trial, and each "no" with what to do about it. */
import type { Capability } from "../capability.ts";
import { findLimitHindrance } from "./limits.ts";
import { localCapabilities } from "./layout.ts";
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
  return localCapabilities.map((capability) => {
    if (hindrance !== undefined && needsIsolation.has(capability))
      return { capability, works: false, reason: hindrance, install: remedy() };
    if (limitHindrance !== undefined && capability === "limits")
      return { capability, works: false, reason: limitHindrance, install: limitRemedy() };
    return { capability, works: true };
  });
}

const needsIsolation: ReadonlySet<Capability> = new Set<Capability>(["isolation", "natural-ports"]);

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
