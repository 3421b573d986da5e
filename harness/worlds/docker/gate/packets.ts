/** What befalls the packets of the services, on the gate's interfaces in their networks. */
import { createWire } from "../../local/wire/wire.ts";
import type { Wire } from "../../local/wire/wire.ts";
import type { Operation } from "../pipe.ts";
import { deviceOf } from "./device.ts";
import { operation } from "./operation.ts";

export function createPacketOperations(): Readonly<Record<string, Operation>> {
  const wires = new Map<string, Wire>();
  return {
    ...operation("packets.befall", async ({ gate, ...fate }, { tell }) => {
      const device = deviceOf(gate);
      const wire = wires.get(device) ?? createWire(device);
      wires.set(device, wire);
      return { lasting: await wire.befall(fate, tell) };
    }),
  };
}
