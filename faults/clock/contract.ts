/**
 * The clock plane: what a service's clocks show. The machine's own is never touched.
 *
 *     true time ──rate──► monotonic ──wall rate, steps──► wall ──► the service's processes ──► hit: one of them has looked
 *
 * That a clock is wrong is no hit yet. `onSeen` is called once, when a process of the service has looked at it or waits by it, which may be after the fault
 * is lifted; never if none does.
 */
import type { z } from "zod";
import type { ServiceFault } from "../service.ts";

export interface ClockTarget {
  /** By what the wall clock is ahead of the true time, in milliseconds. */
  error(): Promise<number>;
  /** The wall clock jumps, and so may the clock that counts the time in which the machine is suspended; the monotonic one does not. `onSeen`: the wall clock was looked at. */
  step(by: { readonly wall: number; readonly boottime?: number }, onSeen: () => void): Promise<void>;
  /**
   * All clocks run by `rate` of true time, 0 for not at all, and the wall clock by `wall` of that, below 0 for backwards. Of paces that overlap the latest
   * counts. Whoever waits by a clock follows it.
   */
  pace(pace: Pace, onSeen: () => void): Promise<AsyncDisposable>;
  /** Whenever the service is started meanwhile, the wall clock shows this, in milliseconds since the Unix epoch. */
  bootAt(unixMs: number, onSeen: () => void): Promise<AsyncDisposable>;
  /** All processes of the service but the main one see a wall clock that is ahead by so much. Only in worlds whose services have children that do something. */
  children?(aheadMs: number, onSeen: () => void): Promise<AsyncDisposable>;
}

export interface Pace {
  readonly rate: number;
  readonly wall: number;
}

export type ClockFault<Parameters extends z.ZodObject = z.ZodObject> = ServiceFault<"clock", ClockTarget, Parameters>;

/** Checks one fault's file against the contract, its parameters' types included. */
export function clockFault<Parameters extends z.ZodObject>(fault: ClockFault<Parameters>): ClockFault<Parameters> {
  return { missed, ...fault };
}

/** Why a virtual clock may have made no difference. */
export const missed =
  "no process of the service has looked at its virtual clock: it looked at none meanwhile, or it asks the kernel itself, as static binaries and those of Go do, or has another C library than glibc (musl), or began with an environment of its own";
