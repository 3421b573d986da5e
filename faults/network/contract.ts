/**
 * The network plane: what joins a service to everybody else.
 *
 *     service ──── cable ──── the others       cut: in ──✗─► service, or service ──✗─► out, or both
 */
import type { z } from "zod";
import type { Direction } from "../direction.ts";
import type { ServiceFault } from "../service.ts";

export interface NetworkTarget {
  /**
   * All packets that go this way are lost until the disposable is disposed of, and nobody is told. `onLost` is called once, at the latest when it is
   * disposed of, with how many were lost until then; never if none was.
   */
  cut(direction: Direction, onLost: (packets: number) => void): Promise<AsyncDisposable>;
}

export type NetworkFault<Parameters extends z.ZodObject = z.ZodObject> = ServiceFault<
  "network",
  NetworkTarget,
  Parameters
>;

/** Checks one fault's file against the contract, its parameters' types included. */
export function networkFault<Parameters extends z.ZodObject>(
  fault: NetworkFault<Parameters>,
): NetworkFault<Parameters> {
  return fault;
}
