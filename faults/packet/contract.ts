/**
 * The packet plane: what becomes of single packets beneath TCP and UDP, on the cable of a service.
 *
 *     packet ──► lost?  twice?  changed?  ──►       each is decided anew for each packet, and by each fault that lasts
 *
 * Which packets there are depends on the kernels at both ends, down to the microsecond: who decides is the kernel, too, and not the seed of the run.
 */
import type { z } from "zod";
import type { Direction } from "../direction.ts";
import type { ServiceFault } from "../service.ts";

export type Disturbance = "loss" | "duplicate" | "corrupt";

export interface Chosen {
  /** From 0 to 1, of each packet. */
  readonly probability: number;
  readonly direction: Direction;
}

export interface PacketTarget {
  /**
   * Until the disposable is disposed of. `onFirst` is called once, at the latest when it is disposed of, with how many packets it has met until then;
   * never if it met none.
   */
  disturb(what: Disturbance, chosen: Chosen, onFirst: (packets: number) => void): Promise<AsyncDisposable>;
}

export type PacketFault<Parameters extends z.ZodObject = z.ZodObject> = ServiceFault<
  "packet",
  PacketTarget,
  Parameters
>;

/** Checks one fault's file against the contract, its parameters' types included. */
export function packetFault<Parameters extends z.ZodObject>(fault: PacketFault<Parameters>): PacketFault<Parameters> {
  return fault;
}
