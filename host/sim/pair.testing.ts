/** A simulated world of two machines for the contract suite, in which time passes for as long as a test holds it. */
import type { HostPair } from "../talk.testing.ts";
import type { Host } from "../host.ts";
import { createMachine, type Machine, type StartOptions } from "./machine.ts";
import { createNetwork, type Names } from "./network.ts";
import { createVirtualTime, type VirtualTime } from "./time.ts";

export const serverAddress = "198.18.0.1";
export const clientAddress = "198.18.0.2";
const authority = "the world's authority";
/** What the server serves TLS with. */
export const serverIdentity = { authority, certificate: { authority, names: [serverAddress, "server", "localhost"] } };

export interface SimulatedPair extends HostPair {
  readonly time: VirtualTime;
  readonly serverMachine: Machine;
  readonly clientMachine: Machine;
}

export async function startSimulatedPair(): Promise<SimulatedPair> {
  const time = createVirtualTime();
  const network = createNetwork({ time });
  const names: Names = { table: new Map([["server", serverAddress]]), servers: [] };
  const machine = (name: string, address: string): Machine =>
    createMachine({ name, time, network, addresses: [address], names, epochMs: 1e12, upMs: 1000, onRefused: () => {} });
  const logged: { event: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const log: StartOptions["log"] = (event, fields = {}) => void logged.push({ event, fields });
  const serverMachine = machine("server", serverAddress);
  const clientMachine = machine("client", clientAddress);
  const open = (on: Machine, identity: StartOptions["identity"]): Host => on.open({ seed: 1, log, identity });

  const over = Promise.withResolvers<void>();
  const passed = time.pass(() => over.promise, { idle: true });
  // Whatever it is, disposing throws it.
  passed.catch(() => {});
  return {
    time,
    serverMachine,
    clientMachine,
    server: open(serverMachine, serverIdentity),
    client: open(clientMachine, { authority }),
    stranger: open(clientMachine, { authority: "another authority" }),
    place: serverAddress,
    logged,
    async [Symbol.asyncDispose]() {
      over.resolve();
      await passed;
    },
  };
}
