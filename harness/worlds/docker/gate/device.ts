/** The gate's interfaces, by the addresses that it has in the networks of the services. */
import { networkInterfaces } from "node:os";
import { WorldError } from "../../../errors.ts";

/** @throws {WorldError} if it has no such address. */
export function deviceOf(address: string): string {
  const [device] =
    Object.entries(networkInterfaces()).find(([, own = []]) => own.some((each) => each.address === address)) ?? [];
  if (device === undefined) throw new WorldError(`the gate has no address ${address}: it is not in that network`);
  return device;
}
