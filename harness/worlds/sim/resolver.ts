/** The resolv.conf of a simulated machine, which its resolver reads anew for each name. */
import type { ResolverTarget } from "../../../faults/resolver/contract.ts";
import { parseResolvConf, type Resolution } from "../../../host/resolv-conf.ts";
import { createResolverTarget } from "../resolver.ts";

export interface ResolverFile {
  readonly resolution: () => Resolution | undefined;
  readonly target: ResolverTarget | undefined;
}

export function createResolverFile(content: string | undefined): ResolverFile {
  if (content === undefined) return { resolution: () => undefined, target: undefined };
  let resolution = parseResolvConf(content);
  return {
    resolution: () => resolution,
    target: createResolverTarget(content, async (text) => void (resolution = parseResolvConf(text))),
  };
}
