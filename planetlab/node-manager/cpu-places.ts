/**
 * Shares of the CPU: kept by the kernel, in a control group for each sliver, or else by turns (cpu.ts).
 *
 *     may we? ──yes──► each sliver starts in a group of its own, by its weight, with all that it ever starts
 *             └─no───► turns
 */
import type { CpuGroup, CpuGroups, Host, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";

export interface CpuPlaces extends AsyncDisposable {
  /** Who keeps them. */
  readonly by: CpuGroups["kind"] | "turns" | "nobody";
  /** For what is about to run in this sliver, or whose weight may be another one by now; undefined if the kernel keeps no shares. */
  of(sliver: string): CpuGroup | undefined;
  /** Ends whatever is in the sliver's group. */
  end(sliver: string): Promise<void>;
}

interface CpuPlacesOptions {
  readonly log: Log;
  readonly weightOf: (sliver: string) => number;
}

export async function takeCpuPlaces(
  host: Host,
  { cpuShares, guards }: Pick<Config, "cpuShares" | "guards">,
  { log, weightOf }: CpuPlacesOptions,
): Promise<CpuPlaces> {
  const wanted = guards.has("cpu-shares") ? cpuShares : "off";
  const none = { of: () => undefined, end: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
  if (wanted === "off") return { ...none, by: "nobody" };
  const groups = await take();
  log("cpu.shares", { by: groups?.kind ?? "turns" });
  if (groups === undefined) return { ...none, by: "turns" };

  async function take(): Promise<CpuGroups | undefined> {
    if (wanted === "turns") return undefined;
    return host.processes
      .cpuGroups()
      .catch((error: unknown) => log("cpu.no-groups", { why: String(error) }) as undefined);
  }
  const failed = (name: string, error: unknown): undefined =>
    log("cpu.group-failed", { name, why: String(error) }) as undefined;
  return {
    by: groups.kind,
    of(name) {
      try {
        return groups.place(name, weightOf(name));
      } catch (error) {
        // Better a sliver without its share than none.
        return failed(name, error);
      }
    },
    end: (name) => groups.end(name).catch((error: unknown) => failed(name, error)),
    [Symbol.asyncDispose]: () => groups[Symbol.asyncDispose](),
  };
}
