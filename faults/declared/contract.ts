/**
 * The plane of faults that services declare of themselves (`subject.yaml`): what a daemon can do wrong that nobody outside can do for it, such as a publisher that
 * loses half of its list. The daemon is told, and carries it out.
 *
 *     subject.yaml ──createDeclaredFault──► a fault like any other ──inject──► DeclaredTarget ──► the daemon
 */
import type { z } from "zod";
import type { ServiceFault } from "../service.ts";

/** What the daemon is told. */
export interface Order {
  /** The same for as long as it lasts, and for no other. */
  readonly id: string;
  readonly fault: string;
  /** As counted: durations in milliseconds, sizes in bytes, rates in bytes per second, shares as fractions. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** A whole number below 2^32, for decisions that the daemon draws itself. */
  readonly seed: number;
}

export type OnHit = (detail: Readonly<Record<string, unknown>>) => void;

export interface DeclaredTarget {
  /**
   * Resolves when the daemon has what lasts, and again after each of its starts; while it does not run, once it has started. `onHit` is called for each hit that
   * it tells of.
   */
  inject(order: Order, onHit: OnHit, signal: AbortSignal): Promise<AsyncDisposable>;
  /** What happens at one moment. Nothing is told if nobody is there. */
  pulse(order: Order, onHit: OnHit, signal: AbortSignal): Promise<void>;
}

export type DeclaredFault<Parameters extends z.ZodObject = z.ZodObject> = ServiceFault<
  "declared",
  DeclaredTarget,
  Parameters
>;
