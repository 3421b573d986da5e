/** Simulated machines for tests: a pair in which time passes for as long as a test holds it, and worlds that go from moment to moment. */
import type { Address, Exit, Main } from "../host.ts";
import { usualResolution } from "../resolv-conf.ts";
import type { HostPair } from "../talk.testing.ts";
import { createMachine, type Machine, type OpenedHost, type Program, type StartOptions } from "./machine.ts";
import { createNetwork, type Names } from "./network.ts";
import { createVirtualTime, type VirtualTime } from "./time.ts";

export const serverAddress = "198.18.0.1";
export const clientAddress = "198.18.0.2";
const askingAddress = "198.18.0.3";
const authority = "the world's authority";
/** What the server serves TLS with. */
const serverIdentity = {
  authority,
  issuer: authority,
  certificate: { authority, names: [serverAddress, "server", "localhost"] },
};

export interface TestWorld {
  readonly time: VirtualTime;
  readonly server: Machine;
  readonly client: Machine;
  /** A machine that is there from now on. */
  readonly machine: (name: string, address: string, nameServers?: readonly Address[]) => Machine;
  /** A host without a program. */
  readonly open: (machine: Machine, identity?: StartOptions["identity"]) => OpenedHost;
  /** A program, and how it has ended. */
  readonly start: (machine: Machine, main: Main) => Program & { readonly exited: Promise<Exit> };
  /** What the hosts have logged. */
  readonly logged: readonly { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[];
}

export function createTestWorld(): TestWorld {
  const time = createVirtualTime();
  const network = createNetwork({ time });
  const table: Names["table"] = new Map([["server", serverAddress]]);
  const logged: { event: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const log: StartOptions["log"] = (event, fields = {}) => void logged.push({ event, fields });
  const machine: TestWorld["machine"] = (name, address, servers = []) =>
    createMachine({
      name,
      time,
      network,
      addresses: [address],
      names: {
        table,
        resolution: () => (servers.length === 0 ? undefined : { ...usualResolution, servers }),
      },
      epochMs: 1e12,
      upMs: 1000,
      onRefused: () => {},
    });
  return {
    time,
    server: machine("server", serverAddress),
    client: machine("client", clientAddress),
    machine,
    open: (on, identity = { authority }) => on.open({ seed: 1, log, identity }),
    start(on, main) {
      const exited = Promise.withResolvers<Exit>();
      const program = on.start({
        main,
        args: [],
        seed: 1,
        log,
        identity: serverIdentity,
        onExit: (exit) => exited.resolve(exit),
      });
      return Object.assign(program, { exited: exited.promise });
    },
    logged,
  };
}

export interface SimulatedPair extends HostPair {
  readonly time: VirtualTime;
  readonly serverMachine: Machine;
  readonly clientMachine: Machine;
}

export async function startSimulatedPair(): Promise<SimulatedPair> {
  const { time, server, client, machine, open, logged } = createTestWorld();
  const over = Promise.withResolvers<void>();
  const passed = time.pass(() => over.promise, { idle: true });
  // Whatever it is, disposing throws it.
  passed.catch(() => {});
  const opened = open(client);
  return {
    time,
    serverMachine: server,
    clientMachine: client,
    server: open(server, serverIdentity),
    client: opened,
    raise: (signal) => void opened.raise(signal),
    stranger: open(client, { authority: "another authority" }),
    asking: (...nameServers) => open(machine("asking", askingAddress, nameServers)),
    place: serverAddress,
    logged,
    async [Symbol.asyncDispose]() {
      over.resolve();
      await passed;
    },
  };
}
