/**
 * A world: where the services of a plan run. A small set of capabilities, not a class tree.
 *
 *     runner ──► World ──► services (start, signal, address, files)
 *                  └─────► links    (a proxy each: inject, lift)
 *                  every event ──► record ──► history
 */
import type { Address, Clock, Host } from "../../host/host.ts";
import type { Targets } from "../../faults/targets.ts";
import type { RecordEvent } from "../history/event.ts";
import type { Link, Service } from "../plan/schema.ts";
import type { Capability } from "./capability.ts";
import type { RunningLink } from "./links.ts";
import type { InnerProxies } from "./planes.ts";

export const worldNames = ["local", "sim", "docker"] as const;
export type WorldName = (typeof worldNames)[number];

/** Where a run is held, from before its first service starts until after its last one has ended: one for each run. */
export interface Setting {
  readonly name: WorldName;
  readonly capabilities: ReadonlySet<Capability>;
  /** The world's time, which is that of the harness in it: stamps the history from the very beginning. */
  readonly clock: Clock;
  /** Its time is the machine's: the harness can be late, and what it writes down meanwhile is worth something if it is killed. */
  readonly realTime: boolean;
  readonly start: StartWorld;
  /** The same, in which all clocks run so many times as fast as the machine's; only where time would pass as it does there. */
  readonly scaled?: (scale: number) => Setting;
  /** Lets the world's time pass until the work is done. */
  pass<Result>(work: () => Promise<Result>): Promise<Result>;
}

export interface WorldOptions {
  readonly services: ReadonlyMap<string, Service>;
  readonly links: ReadonlyMap<string, Link>;
  /** Which of them need more than one proxy. */
  readonly inner: InnerProxies;
  /** Guards that are switched off, by service: passed to the program as `--without GUARD`. */
  readonly without: ReadonlyMap<string, readonly string[]>;
  /** Services whose disk has to remember more than it holds: older generations, and what was synced. */
  readonly journalled: ReadonlySet<string>;
  /** Services that need a clock of their own. */
  readonly clocks: ReadonlySet<string>;
  readonly seed: number;
  /** An empty directory that the world may fill: one sub-directory a service, and logs. It stays; everything else goes at the end. */
  readonly directory: string;
  readonly record: RecordEvent;
  readonly signal: AbortSignal;
}

export interface World extends AsyncDisposable {
  readonly name: WorldName;
  readonly capabilities: ReadonlySet<Capability>;
  /** The harness's own host in this world: its clock stamps the history, its network reaches every service. */
  readonly host: Host;
  /** For what is the machine's business, such as how soon it answers: its own clock, where that of the host runs faster. */
  readonly machineClock?: Clock;
  readonly services: ReadonlyMap<string, RunningService>;
  readonly links: ReadonlyMap<string, RunningLink>;
  /** Rejects with a `WorldError` if the world itself falls apart, such as when its engine dies; never otherwise. */
  readonly broken?: Promise<never>;
  /** What is to be kept in the run folder, by path, by a world that has written nothing there itself: logs, and what is on the disks. */
  remains?(): ReadonlyMap<string, Uint8Array>;
}

export interface RunningService {
  readonly name: string;
  /**
   * Starts it and resolves when it is ready (see `ready` in docs/plans.md).
   * @throws {WorldError} if it ends before, or is not ready within its start deadline; with its last log lines.
   */
  begin(): Promise<void>;
  /** What faults act on, by plane. */
  readonly targets: Targets;
  /** Where the harness reaches one of its ports, by the port's natural number. */
  address(port: number): Promise<Address>;
  /** A file of the service, by its path in the service's directory. @throws {Error} with `code` ENOENT. */
  readFile(path: string): Promise<Uint8Array>;
  /** How far its wall clock is off the true time, in milliseconds; missing where nobody knows. */
  clockOffset?(): Promise<number>;
  /** Whether a process of it has ever looked at the virtual clock that it has; missing where it has none, or where there is no other. */
  hasSeenClock?(): Promise<boolean>;
  /** The last lines of its output, oldest first, 20 at most. */
  lastLines(): readonly string[];
}

export type StartWorld = (options: WorldOptions) => Promise<World>;
