/** The local world as a setting: this machine, in real time. */
import type { Host } from "../../../host/host.ts";
import { createScaledClock } from "../../../host/real/clock.ts";
import type { Setting } from "../world.ts";
import { capabilitiesOf } from "./layout.ts";
import { startLocalWorld } from "./world.ts";

export function createLocalSetting({
  host,
  isolated,
  scale = 1,
}: {
  readonly host: Host;
  readonly isolated: boolean;
  readonly scale?: number;
}): Setting {
  const time = createScaledClock({ scale });
  return {
    name: "local",
    capabilities: capabilitiesOf({ isolated }),
    clock: time,
    realTime: true,
    start: (options) => startLocalWorld({ ...options, time, machineClock: host.clock }),
    scaled: (wanted) => createLocalSetting({ host, isolated, scale: wanted }),
    pass: (work) => work(),
  };
}
