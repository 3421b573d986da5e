/** The timekeeper plane: the NTP client of a service, which sets its clock (`timekeeper` of a service in a plan). */
import type { z } from "zod";
import type { ServiceFault } from "../service.ts";

export interface TimekeeperTarget {
  /**
   * It gets to run so rarely that from one question to the next at least so much time passes; `Infinity`: not at all. `onHeld` is called for each question
   * that is not asked for it. Of several that overlap, the latest counts. Undefined if the service has none.
   */
  starve(everyMs: number, onHeld: () => void): Promise<AsyncDisposable | undefined>;
}

export type TimekeeperFault<Parameters extends z.ZodObject = z.ZodObject> = ServiceFault<
  "timekeeper",
  TimekeeperTarget,
  Parameters
>;

/** Checks one fault's file against the contract, its parameters' types included. */
export function timekeeperFault<Parameters extends z.ZodObject>(
  fault: TimekeeperFault<Parameters>,
): TimekeeperFault<Parameters> {
  return fault;
}
