/** From the name of a world to its settings: the one place that knows all worlds. */
import type { Host } from "../../host/host.ts";
import type { Plan } from "../plan/schema.ts";
import type { Isolation } from "./local/isolate.ts";
import { createLocalSetting } from "./local/setting.ts";
import { loadPrograms } from "./sim/programs.ts";
import { createSimSetting } from "./sim/setting.ts";
import type { Setting, WorldName } from "./world.ts";

export interface SettingsOptions {
  /** The machine that sinbin itself runs on. */
  readonly host: Host;
  readonly isolation: Isolation;
  /** All that will be run. */
  readonly plans: readonly Plan[];
  /** What has to be made or fetched first, a line at a time. */
  readonly onProgress: (line: string) => void;
  /** For whoever waits until an engine answers. */
  readonly signal?: AbortSignal;
}

/** Resolves with what makes one for each run. @throws {WorldError} if a program can't be loaded. */
export async function settingsOf(
  world: WorldName,
  { host, isolation, plans, onProgress, signal }: SettingsOptions,
): Promise<() => Setting> {
  switch (world) {
    case "local":
      return () => createLocalSetting({ host, isolated: isolation.isolated });
    case "sim": {
      const programs = await loadPrograms(plans);
      return () => createSimSetting({ programs });
    }
    case "docker": {
      // The libraries of an engine are for those who use one.
      const { prepareDocker } = await import("./docker/setting.ts");
      return prepareDocker({ host, onProgress, signal });
    }
    default:
      return world satisfies never;
  }
}
