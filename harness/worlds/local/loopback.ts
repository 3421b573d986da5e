/** Everything on 127.0.0.1: for machines without namespaces. Programs find each other through their host; natural ports are free ones. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Address } from "../../../host/host.ts";
import { formatAddress } from "../../../host/real/network.ts";
import { WorldError } from "../../errors.ts";
import { capabilitiesOf, hostName } from "./layout.ts";
import type { Layout, LayoutOptions } from "./layout.ts";

const loopback = "127.0.0.1";

/** @throws {WorldError} if a service needs natural ports. */
export async function startLoopback({ run, services, links }: LayoutOptions): Promise<Layout> {
  for (const [name, { to, port }] of links) {
    if (services.get(to)?.command === undefined) continue;
    throw new WorldError(
      `the server of link ${name} is a command (${to}), which will listen on port ${port} itself: that needs natural-ports, which this machine ` +
        `or --no-isolation denies; run "sinbin doctor" to see why, or write a program in its place`,
    );
  }
  const scratch = await mkdtemp(join(tmpdir(), "sinbin-"));
  const reaper = spawn(process.execPath, [fileURLToPath(new URL("reaper.ts", import.meta.url)), run, scratch], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  reaper.unref();

  const listening = new Map<string, Map<number, Address>>();
  return {
    capabilities: capabilitiesOf({ isolated: false }),
    scratch,
    doorOf: () => ({ host: loopback, port: 0 }),
    addressOf(service, port) {
      const address = listening.get(service)?.get(port);
      if (address !== undefined) return address;
      // A command that no link leads to may listen where its arguments say.
      if (services.get(service)?.command !== undefined) return { host: loopback, port };
      throw Object.assign(new Error(`${service} does not listen on port ${port}`), { code: "ECONNREFUSED" });
    },
    aliasesOf: () => [],
    namesFor(service, doors) {
      const names = [...links]
        .filter(([, link]) => link.from === service)
        .map(([name, link]) => [
          formatAddress({ host: hostName(link), port: link.port }),
          formatAddress(door(doors, name)),
        ]);
      return { SINBIN_NAMES: JSON.stringify(Object.fromEntries(names)) };
    },
    enter: (_service, command) => command,
    listening(service, port, address) {
      const ports = listening.get(service) ?? new Map<number, Address>();
      listening.set(service, ports.set(port, address));
    },
    ended: (service) => void listening.delete(service),
    houses: () => false,
    async [Symbol.asyncDispose]() {
      await rm(scratch, { recursive: true, force: true });
      // It then finds nothing to do, and goes.
      reaper.stdin.end();
    },
  };
}

function door(doors: ReadonlyMap<string, Address>, link: string): Address {
  const address = doors.get(link);
  if (address === undefined) throw new Error(`link ${link} has no proxy`);
  return address;
}
