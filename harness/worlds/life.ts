/** One life of a service, from its start to its end: a process of this machine, or of a simulated one. */
import type { Exit } from "../../host/host.ts";
import { uniform } from "../../faults/random.ts";
import type { Recipient, Signal } from "../../faults/process/contract.ts";

/** A program's own chance: another seed for each life, so that a service which starts again does not draw the same identifiers again. */
export function seedOf(seed: number, service: string, life: number): number {
  return Math.floor(uniform(seed, ["service", service, life]) * 2 ** 32);
}

export interface LifeEvents {
  /** `cut`: the line was longer than what is kept of it. */
  readonly onLine: (stream: "out" | "err", line: string, cut: boolean) => void;
  /** After its last line. */
  readonly onExit: (exit: Exit & { readonly ordered: boolean }) => void;
}

export interface Life {
  /** Resolves after `onExit`. */
  readonly exited: Promise<Exit>;
  /** True as soon as it has ended, which is before `exited`. */
  isGone(): boolean;
  /** False if nobody is there. */
  signal(signal: Signal, to: Recipient): Promise<boolean>;
  /** Of pauses that overlap, the last one to be lifted lets it go on. Undefined if nobody is there. */
  pause(to: Recipient): Promise<AsyncDisposable | undefined>;
  /** Whatever ends it from now on, it was told to. */
  order(): void;
}

/** What has been asked of a life: whether its end was an answer to that. */
export interface Orders {
  /** Whatever ends it from now on, it was told to. */
  tell(): void;
  delivered(signal: Signal): void;
  isOrdered(exit: Exit): boolean;
}

/** What asks a daemon to end. Others, such as HUP, have a meaning of their own, and whoever dies of them was not asked to. */
const requests: ReadonlySet<Signal> = new Set(["KILL", "TERM", "INT", "QUIT"]);
/** The requests that a process can answer, by an end of its own, and their numbers. */
const polite = { TERM: 15, INT: 2, QUIT: 3 } as const satisfies Partial<Readonly<Record<Signal, number>>>;

export function createOrders(): Orders {
  const delivered = new Set<Signal>();
  let told = false;
  return {
    tell() {
      told = true;
    },
    delivered: (signal) => void delivered.add(signal),
    isOrdered({ code, signal }) {
      if (told) return true;
      if (signal !== undefined) return requests.has(signal) && delivered.has(signal);
      const asked = (Object.keys(polite) as (keyof typeof polite)[]).filter((request) => delivered.has(request));
      // With 0, or as a shell says of one that the signal has ended (143 for TERM): many daemons do so by themselves.
      return asked.some((request) => code === 0 || code === 128 + polite[request]);
    },
  };
}
