/** The process plane: signals to a running service, its end and its next start. */
import type { z } from "zod";
import type { ServiceFault } from "../service.ts";

export const signals = ["HUP", "INT", "QUIT", "USR1", "USR2", "TERM", "KILL", "STOP", "CONT", "PIPE", "CHLD"] as const;
export type Signal = (typeof signals)[number];

/**
 * `main`: the service's own process. `group`: its whole process group (its session leader's group). `tree`: all its processes, in whatever groups and
 * sessions.
 */
export const recipients = ["main", "group", "tree"] as const;
export type Recipient = (typeof recipients)[number];

export interface ProcessTarget {
  readonly name: string;
  /** True if it was delivered; false if nobody is there. */
  signal(signal: Signal, to: Recipient): Promise<boolean>;
  /**
   * Holds it (STOP) until the disposable is disposed of; undefined if nobody is there. Of pauses that overlap, the last one to be lifted lets
   * it go on (CONT).
   */
  pause(to: Recipient): Promise<AsyncDisposable | undefined>;
  /**
   * Asks it to end (TERM, and KILL after the service's stop deadline), and resolves when it has. False if it did not run: nothing was done then,
   * and a service that its supervisor is about to start again is left to that.
   */
  stop(): Promise<boolean>;
  /** Starts it again; resolves once the process runs, which is not yet ready. Does nothing if it runs. */
  start(): Promise<void>;
}

export type ProcessFault<Parameters extends z.ZodObject = z.ZodObject> = ServiceFault<
  "process",
  ProcessTarget,
  Parameters
>;

/** Checks one fault's file against the contract, its parameters' types included. */
export function processFault<Parameters extends z.ZodObject>(
  fault: ProcessFault<Parameters>,
): ProcessFault<Parameters> {
  return fault;
}
