/**
 * A simulated machine: what outlives its processes, and what they share.
 *
 *     machine ── clock, CPU, disk, addresses, limits
 *        └── process (a program's life) ── a Host of its own: timers, sockets, signal handlers, children
 */
import type { Exit, Host, Log, Main, SignalName } from "../host.ts";
import { createDisk, type Disk } from "../disk/disk.ts";
import { createRandom } from "../random.ts";
import { createClock, createMachineClock, type MachineClock } from "./clock.ts";
import type { Surroundings } from "./context.ts";
import { createFiles } from "./files.ts";
import type { Names, SimulatedNetwork } from "./network.ts";
import { createProcess, type ControlledProcess } from "./process.ts";
import { createProcessTable } from "./processes.ts";
import type { SimulatedIdentity } from "./secure.ts";
import { createSignalBox } from "./signals.ts";
import type { VirtualTime } from "./time.ts";

export interface MachineOptions {
  readonly name: string;
  readonly time: VirtualTime;
  readonly network: SimulatedNetwork;
  /** The first one is where its connections come from. */
  readonly addresses: readonly string[];
  /** Its own table of names, and the name servers that it asks for others. */
  readonly names: Names;
  readonly epochMs: number;
  readonly upMs: number;
  /** A process was refused a descriptor (`open-files`) or a child (`processes`), or a write (`disk`). */
  readonly onRefused: (what: "open-files" | "processes" | "disk") => void;
}

export interface MachineCpu {
  readonly frozen: boolean;
  readonly load: number;
  /** Nothing runs on it, as if the machine had been suspended without noticing. */
  freeze(frozen: boolean): void;
  /** So many busy processes more (or less). */
  addLoad(processes: number): void;
}

/** `Infinity`: as many as there is room for. */
export interface MachineLimits {
  openFiles: number;
  processes: number;
}

export interface StartOptions {
  readonly main: Main;
  readonly args: readonly string[];
  readonly seed: number;
  readonly log: Log;
  readonly identity: SimulatedIdentity;
  /** `error`: it has crashed. */
  readonly onExit: (exit: Exit, error?: unknown) => void;
  readonly surroundings?: Surroundings;
}

/** A program that was started. */
export interface Program {
  /** False if nobody is there. */
  signal(signal: SignalName): boolean;
}

export interface OpenedHost extends Host {
  /** As if somebody had signalled its process. */
  raise(signal: SignalName): boolean;
}

export interface Machine {
  readonly name: string;
  readonly clock: MachineClock;
  readonly cpu: MachineCpu;
  readonly limits: MachineLimits;
  readonly disk: Disk;
  /** A host without a program: that of the harness, or of a test. */
  open(options: Pick<StartOptions, "seed" | "log" | "identity">): OpenedHost;
  start(options: StartOptions): Program;
  /** Everything that runs on it is gone at once, the disk is left as a crash leaves it, and the monotonic clock begins anew. `draw`: a uniform number in [0, 1) for the n-th decision. */
  losePower(draw: (decision: string, n: number) => number): void;
}

/** What it takes to load a program: whoever starts it is there to hear its first word. */
const startMs = 1;

export function createMachine(options: MachineOptions): Machine {
  const { name, time, network, addresses, names } = options;
  const clock = createMachineClock({ time, epochMs: options.epochMs, upMs: options.upMs });
  const processes = new Set<ControlledProcess>();
  const limits: MachineLimits = { openFiles: Infinity, processes: Infinity };
  const disk = createDisk({ now: () => time.now() });
  const locks = new Set<string>();
  const table = createProcessTable({
    time,
    mostProcesses: () => limits.processes,
    onProcessesSpent: () => options.onRefused("processes"),
  });
  let frozen = false;
  let load = 0;
  const wake = (): void => {
    for (const process of processes) process.wake();
  };
  const cpu: MachineCpu = {
    get frozen() {
      return frozen;
    },
    get load() {
      return load;
    },
    freeze(wanted) {
      frozen = wanted;
      wake();
    },
    addLoad(more) {
      load += more;
      wake();
    },
  };

  const begin = (onEnd: (exit: Exit, error?: unknown) => void, surroundings?: Surroundings): ControlledProcess => {
    const process = createProcess({
      name,
      time,
      cpu,
      mostDescriptors: () => limits.openFiles,
      onDescriptorsSpent: () => options.onRefused("open-files"),
      surroundings,
      onEnd(exit, error) {
        processes.delete(process);
        onEnd(exit, error);
      },
    });
    processes.add(process);
    return process;
  };
  const hostOf = (
    process: ControlledProcess,
    { seed, log, identity }: Pick<StartOptions, "seed" | "log" | "identity">,
  ) => {
    const box = createSignalBox(process);
    const ownClock = createClock(clock, process);
    const random = createRandom(seed);
    const host: Host = {
      name,
      clock: ownClock,
      network: network.of({ process, addresses, names, identity, clock: ownClock, random, log }),
      files: createFiles({ disk, process, locks, onRefused: () => options.onRefused("disk") }),
      signals: box.signals,
      processes: table.of(process),
      random,
      log: (event, fields) => {
        if (process.exit === undefined) log(event, fields);
      },
      // Whoever simulates reads everything.
      unlogged: () => 0,
    };
    return { host, box };
  };

  return {
    name,
    clock,
    cpu,
    limits,
    disk,
    open(opening) {
      const process = begin((exit, error) =>
        time.fail(error ?? new Error(`${name} has ended: ${JSON.stringify(exit)}`)),
      );
      const { host, box } = hostOf(process, opening);
      return { ...host, raise: (signal) => box.send(signal) };
    },
    start({ main, args, onExit, surroundings, ...rest }) {
      const process = begin(onExit, surroundings);
      const { host, box } = hostOf(process, rest);
      process.deliverIn(startMs, () => {
        run(main, host, args).then(
          (code = 0) => process.end({ code, signal: undefined }),
          (error: unknown) => process.crash(error),
        );
      });
      return { signal: (signal) => box.send(signal) };
    },
    losePower(draw) {
      for (const process of processes) process.end({ code: undefined, signal: "KILL" });
      table.killAll();
      disk.losePower(draw);
      clock.reboot();
    },
  };
}

/** Whoever writes a program in JavaScript may leave out `async`, or the exit code: the real start minds neither. */
async function run(main: Main, host: Host, args: readonly string[]): Promise<number | undefined> {
  return main(host, args);
}
