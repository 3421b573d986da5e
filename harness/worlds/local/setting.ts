/** The local world as a setting: this machine, in real time. */
import type { Host } from "../../../host/host.ts";
import type { Setting } from "../world.ts";
import { capabilitiesOf } from "./layout.ts";
import { startLocalWorld } from "./world.ts";

export function createLocalSetting({ host, isolated }: { readonly host: Host; readonly isolated: boolean }): Setting {
  return {
    name: "local",
    capabilities: capabilitiesOf({ isolated }),
    clock: host.clock,
    realTime: true,
    start: startLocalWorld,
    pass: (work) => work(),
  };
}
