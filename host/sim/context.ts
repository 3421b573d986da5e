/**
 * Who is running: every callback of a simulation runs in the context of the process that it belongs to. So an error that nobody catches crashes
 * the right one, and what a simulation must not use knows that it is in one.
 */
import { AsyncLocalStorage } from "node:async_hooks";

export interface Party extends Partial<Surroundings> {
  readonly name: string;
  /** An error that nobody has caught. */
  crash(error: unknown): void;
}

/** What a real process has to itself, and simulated ones share with the process that they are in. */
export interface Surroundings {
  /** Its environment (`process.env`). */
  readonly env: Readonly<Record<string, string>>;
  /** What it writes to its standard output and error, by `console` or by the stream. */
  readonly write: (stream: "out" | "err", text: string) => void;
  /** It has used what a simulation must not use, and is told so by an error; it may catch that, and go on. */
  readonly onForbidden: (message: string) => void;
}

const parties = new AsyncLocalStorage<Party>();

/** Undefined outside of any simulation. */
export function runningParty(): Party | undefined {
  return parties.getStore();
}

export function runAs<Result>(party: Party, callback: () => Result): Result {
  return parties.run(party, callback);
}
