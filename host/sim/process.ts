/**
 * A process of a simulated machine: the door through which everything reaches a program.
 *
 *     moment ──► deliver ──┬── it runs: the callback, in the process's context
 *                          ├── it stands still (STOP, frozen CPU): later, in the same order
 *                          └── it has ended: never
 *
 * A program computes in no time. On a loaded CPU each delivery takes some, and the next one waits for it.
 */
import type { Exit } from "../host.ts";
import { runAs, type Party, type Surroundings } from "./context.ts";
import type { VirtualTime } from "./time.ts";

export interface SimulatedProcess extends Party {
  /** Calls the program back: at once, or when it goes on; never once it has ended. */
  deliver(callback: () => void): void;
  /** The same, so many milliseconds of true time from now; disposing cancels. */
  deliverIn(milliseconds: number, callback: () => void): Disposable;
  /** A promise's end is a callback, too. `work` is done at that moment, whether the process runs or not; it is told only when it does. */
  after<Result>(milliseconds: number, work: () => Result): Promise<Result>;
  /** What the kernel takes back when the process ends, in this order. Disposing the result: it is taken back already. */
  own(resource: Disposable): Disposable;
  /** A file or socket more. @throws {Error} with `code` EMFILE. */
  openDescriptor(): Disposable;
  /** Ends it now: nothing of it runs any more, and all that it owned is taken back. */
  end(exit: Exit): void;
  readonly exit: Exit | undefined;
}

/** What a process shares with the others of its machine. */
export interface Cpu {
  readonly frozen: boolean;
  /** Busy processes beside it. */
  readonly load: number;
}

export interface ProcessOptions {
  readonly name: string;
  readonly time: VirtualTime;
  readonly cpu: Cpu;
  /** How many descriptors it may have open; asked each time. */
  readonly mostDescriptors: () => number;
  /** An opening that was refused for that. */
  readonly onDescriptorsSpent: () => void;
  readonly surroundings?: Surroundings | undefined;
  /** Once, before what it owned is taken back. `error`: it has crashed. */
  readonly onEnd: (exit: Exit, error?: unknown) => void;
}

export interface ControlledProcess extends SimulatedProcess {
  /** Stands still from now on, or goes on. */
  stop(stopped: boolean): void;
  readonly stopped: boolean;
  /** The state of the CPU has changed. */
  wake(): void;
}

/** A real program begins with some: its streams, and what Node's event loop needs (24.21 on Linux). */
const descriptorsOfNode = 20;
/** What one delivery costs on a CPU that it has for itself, when others want it, too. */
const turnMs = 0.1;

export function createProcess(options: ProcessOptions): ControlledProcess {
  const { name, time, cpu, onEnd } = options;
  const waiting: (() => void)[] = [];
  const owned = new Set<Disposable>();
  let descriptors = descriptorsOfNode;
  let exit: Exit | undefined;
  let stopped = false;
  let busyUntil = 0;
  let alarm: Disposable | undefined;

  const mayRun = (): boolean => exit === undefined && !stopped && !cpu.frozen;

  const call = (callback: () => void): void => {
    if (cpu.load > 0) busyUntil = time.now() + turnMs * cpu.load;
    try {
      runAs(party, callback);
    } catch (error) {
      crash(error);
    }
  };

  /** What has been waiting comes one by one, each in a turn of its own, as from Node's loop. */
  const pump = (): void => {
    if (waiting.length === 0 || !mayRun()) return;
    alarm ??= time.at(busyUntil, () => {
      alarm = undefined;
      const callback = mayRun() ? waiting.shift() : undefined;
      if (callback !== undefined) call(callback);
      pump();
    });
  };

  const finish = (how: Exit, error?: unknown): void => {
    if (exit !== undefined) return;
    exit = how;
    waiting.length = 0;
    onEnd(how, error);
    for (const resource of owned) resource[Symbol.dispose]();
    owned.clear();
    alarm?.[Symbol.dispose]();
  };
  const crash = (error: unknown): void => finish({ code: 1, signal: undefined }, error);

  const party: ControlledProcess = {
    name,
    crash,
    ...options.surroundings,
    end: (how) => finish(how),
    get exit() {
      return exit;
    },
    get stopped() {
      return stopped;
    },
    deliver(callback) {
      if (exit !== undefined) return;
      if (waiting.length === 0 && mayRun() && busyUntil <= time.now()) {
        call(callback);
        return;
      }
      waiting.push(callback);
      pump();
    },
    deliverIn(milliseconds, callback) {
      let cancelled = false;
      const owner = party.own(
        time.at(time.now() + milliseconds, () => {
          owner[Symbol.dispose]();
          party.deliver(() => {
            if (!cancelled) callback();
          });
        }),
      );
      return {
        [Symbol.dispose]() {
          cancelled = true;
          owner[Symbol.dispose]();
        },
      };
    },
    after(milliseconds, work) {
      return new Promise((resolve, reject) => {
        time.at(time.now() + milliseconds, () => {
          if (exit !== undefined) return;
          try {
            const result = runAs(party, work);
            party.deliver(() => resolve(result));
          } catch (error) {
            party.deliver(() => reject(error));
          }
        });
      });
    },
    own(resource) {
      owned.add(resource);
      return {
        [Symbol.dispose]() {
          if (owned.delete(resource)) resource[Symbol.dispose]();
        },
      };
    },
    openDescriptor() {
      if (descriptors >= options.mostDescriptors()) {
        options.onDescriptorsSpent();
        throw systemError("EMFILE", "open", "too many open files");
      }
      descriptors += 1;
      const stack = new DisposableStack();
      stack.defer(() => (descriptors -= 1));
      return stack;
    },
    stop(wanted) {
      stopped = wanted;
      pump();
    },
    wake: pump,
  };
  return party;
}

/** As libuv words it: `connect ECONNREFUSED 198.18.0.3:443`. */
export function systemError(code: string, syscall: string, what = ""): Error {
  return Object.assign(new Error(`${syscall} ${code} ${what}`.trimEnd()), { code, syscall });
}
