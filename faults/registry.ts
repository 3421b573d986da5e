/** Every fault there is, in the order of the catalogue. To add one: write its file, add its line. */
import type { ProcessFault } from "./process/contract.ts";
import { kill } from "./process/kill.ts";
import { pause } from "./process/pause.ts";
import { restart } from "./process/restart.ts";
import { signal } from "./process/signal.ts";
import { bandwidth } from "./tcp/bandwidth.ts";
import { blackhole } from "./tcp/blackhole.ts";
import type { TcpFault } from "./tcp/contract.ts";
import { drip } from "./tcp/drip.ts";
import { latency } from "./tcp/latency.ts";
import { refuse } from "./tcp/refuse.ts";
import { reset } from "./tcp/reset.ts";
import { slicer } from "./tcp/slicer.ts";
import { truncate } from "./tcp/truncate.ts";

export type Fault = TcpFault | ProcessFault;
export type Plane = Fault["plane"];

const list: readonly Fault[] = [
  latency,
  bandwidth,
  drip,
  slicer,
  blackhole,
  refuse,
  reset,
  truncate,
  signal,
  kill,
  pause,
  restart,
];

export const faults: ReadonlyMap<string, Fault> = new Map(list.map((fault) => [fault.kind, fault]));
