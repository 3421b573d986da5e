/** Everything on 127.0.0.1: for machines without namespaces. Programs find each other through their host; natural ports are free ones. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Address } from "../../../host/host.ts";
import { formatAddress } from "../../../host/address.ts";
import { WorldError } from "../../errors.ts";
import { hostName } from "../links.ts";
import { capabilitiesOf } from "./layout.ts";
import type { Layout, LayoutOptions } from "./layout.ts";

const loopback = "127.0.0.1";

export async function startLoopback({ run, services, links }: LayoutOptions): Promise<Layout> {
  await using starting = new AsyncDisposableStack();
  let reaper: Writable | undefined;
  // At the very end: it then finds nothing to do, and goes.
  starting.defer(() => void reaper?.end());
  const scratch = await mkdtemp(join(tmpdir(), "sinbin-"));
  starting.defer(() => rm(scratch, { recursive: true, force: true }));
  reaper = await startReaper(run, scratch);

  const listening = new Map<string, Map<string, Address>>();
  const started = starting.move();
  return {
    capabilities: capabilitiesOf({ isolated: false }),
    scratch,
    doorOf: () => ({ host: loopback, port: 0 }),
    addressOf(service, port, transport = "tcp") {
      const address = listening.get(service)?.get(`${transport} ${port}`);
      if (address !== undefined) return address;
      // A command that no link leads to may listen where its arguments say.
      if (services.get(service)?.command !== undefined) return { host: loopback, port };
      throw Object.assign(new Error(`${service} does not listen on port ${port}`), { code: "ECONNREFUSED" });
    },
    aliasesOf: () => [],
    besideOf: () => loopback,
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
    listening(service, port, address, transport = "tcp") {
      const ports = listening.get(service) ?? new Map<string, Address>();
      listening.set(service, ports.set(`${transport} ${port}`, address));
    },
    ended: (service) => void listening.delete(service),
    houses: () => false,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Resolves with what keeps it waiting: its standard input. */
async function startReaper(run: string, scratch: string): Promise<Writable> {
  const script = fileURLToPath(new URL("reaper.ts", import.meta.url));
  try {
    const reaper = spawn(process.execPath, [script, run, scratch], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    await once(reaper, "spawn");
    reaper.unref();
    // Somebody may have killed it, which must not kill the harness.
    return reaper.stdin.on("error", () => {});
  } catch (error) {
    throw new WorldError(`what cleans up after the harness can't be started: ${String(error)}`, { cause: error });
  }
}

function door(doors: ReadonlyMap<string, Address>, link: string): Address {
  const address = doors.get(link);
  if (address === undefined) throw new Error(`link ${link} has no proxy`);
  return address;
}
