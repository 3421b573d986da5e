/** The real host: a thin layer over Node. */
import type { Clock, Host, Log } from "./host.ts";
import { createRandom } from "./random.ts";
import type { NameServers } from "./real/ask.ts";
import { realClock } from "./real/clock.ts";
import { readControl } from "./real/control.ts";
import { createFiles } from "./real/files.ts";
import type { Journal } from "./real/journal.ts";
import { logToStandardOutput } from "./real/log.ts";
import { createNetwork } from "./real/network.ts";
import { createProcesses } from "./real/processes.ts";
import type { Identity } from "./real/secure.ts";
import { realSignals } from "./real/signals.ts";

export type { Identity } from "./real/secure.ts";

export interface RealHostOptions {
  readonly name: string;
  /** What the paths of `files` are relative to. */
  readonly directory: string;
  readonly seed: number;
  /**
   * Where names lead, `{ "plc.test:443": "127.0.0.1:40001" }`. Given only in a world without natural ports: a port that is listened on is then
   * mapped to a free one on loopback.
   */
  readonly names?: Readonly<Record<string, string>>;
  /** Asked for names instead of the system's resolver; or the path of a resolv.conf that says whom to ask, and how. */
  readonly nameServers?: NameServers;
  readonly identity?: Identity;
  /** Told of all that is changed in the directory. */
  readonly journal?: Journal;
  /** The path of what the world makes the system refuse (host/real/control.ts). */
  readonly control?: string;
  /** The system's unless given. */
  readonly clock?: Clock;
  /** Standard output unless given. */
  readonly log?: Log;
  readonly unlogged?: () => number;
}

export function createRealHost(options: RealHostOptions): Host {
  const {
    name,
    directory,
    seed,
    names,
    nameServers,
    identity,
    journal,
    control,
    clock = realClock,
    log = logToStandardOutput,
    unlogged = () => 0,
  } = options;
  const random = createRandom(seed);
  return {
    name,
    clock,
    network: createNetwork({ directory, names, nameServers, identity: identity ?? {}, random, log }),
    files: createFiles({ directory, journal, refusal: () => readControl(control).disk, log }),
    signals: realSignals,
    processes: createProcesses({ directory, most: () => readControl(control).processes ?? Infinity, log }),
    random,
    log,
    unlogged,
  };
}
