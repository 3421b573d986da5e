/** The other side of silence.ts. */
import { readFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { Address } from "../host.ts";
import { canSharePorts, ready, type Carried, type Order, type SilenceData } from "./silence.ts";

const { sent } = workerData as SilenceData;
const silent = new Map<number, Full>();
/** The least that Node takes. Linux lets one more in. */
const backlog = 1;
const mostTries = 100;

/** Listening, with a full backlog. */
interface Full extends Disposable {
  /** A client has come between our own connections: it waits in the backlog, and would be connected and mute. */
  readonly strangers: boolean;
}

/** Calls back in the very turn of the event loop in which it listens, so that nothing is accepted. */
function fill({ host, port: wanted }: Address, done: (result: Full | Error) => void): void {
  const server = createServer();
  server.on("error", done);
  server.listen({ host, port: wanted, backlog, reusePort: canSharePorts }, () => {
    const { port } = server.address() as AddressInfo;
    // The kernel makes these connections by itself.
    const fillers = Array.from({ length: backlog + 1 }, () => connect({ host, port }).on("error", () => {}));
    process.nextTick(() =>
      done({
        strangers: process.platform === "linux" && !holdsOnly(server, fillers),
        [Symbol.dispose]() {
          server.close();
          for (const filler of fillers) filler.destroy();
        },
      }),
    );
  });
}

/** Whether the backlog has all fillers in it, and nobody else is on the way into it (proc_net_tcp(5)). */
function holdsOnly(server: Server, fillers: readonly Socket[]): boolean {
  const { port, family } = server.address() as AddressInfo;
  const connections = readFileSync(`/proc/thread-self/net/${family === "IPv6" ? "tcp6" : "tcp"}`, "latin1")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local]) => portOf(local) === port)
    .map(([, , remote, state]) => ({ remote: portOf(remote), state }));
  const inBacklog = (filler: Socket): boolean =>
    connections.some(({ remote, state }) => state === established && remote === filler.localPort);
  return fillers.every(inBacklog) && !connections.some(({ state }) => state === halfWay);
}

const established = "01";
const halfWay = "03";

function portOf(address: string | undefined): number {
  return Number.parseInt(address?.slice(address.lastIndexOf(":") + 1) ?? "", 16);
}

function beSilent(address: Address, done: (result: Full | Error) => void, tries = 1): void {
  fill(address, (full) => {
    if (full instanceof Error || !full.strangers) return done(full);
    full[Symbol.dispose]();
    if (tries < mostTries) return beSilent(address, done, tries + 1);
    done(new Error("clients fill the backlog faster than we do"));
  });
}

function say(carried: Carried): void {
  parentPort?.postMessage(carried, []);
}

/** All in one turn of the event loop, as long as any port is silent: the next turn would accept whoever is in a backlog. */
function obey({ id, address }: Order): void {
  if (address !== undefined)
    return beSilent(address, (full) => {
      if (full instanceof Error) say({ id, trouble: full });
      else {
        silent.set(id, full);
        say({ id, trouble: undefined });
      }
      standStill();
    });
  silent.get(id)?.[Symbol.dispose]();
  silent.delete(id);
  say({ id, trouble: undefined });
  standStill();
}

function standStill(): void {
  if (parentPort === null) return;
  for (;;) {
    const seen = Atomics.load(sent, 0);
    const next = receiveMessageOnPort(parentPort);
    if (next !== undefined) return process.nextTick(obey, next.message);
    if (silent.size === 0) return;
    Atomics.wait(sent, 0, seen);
  }
}

// Once for nothing: what Node loads and compiles the first time would give clients some milliseconds to get in.
fill({ host: "127.0.0.1", port: 0 }, (full) => {
  if (!(full instanceof Error)) full[Symbol.dispose]();
  parentPort?.on("message", obey);
  say({ id: ready, trouble: undefined });
});
