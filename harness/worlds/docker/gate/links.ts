/** The gate's proxies, a door each, on addresses that it takes for them in the networks of their clients. */
import { execFile } from "node:child_process";
import type { Address, Host } from "../../../../host/host.ts";
import { startTcpProxy } from "../../../../proxies/tcp/proxy.ts";
import { WorldError } from "../../../errors.ts";
import type { HistoryEvent } from "../../../history/event.ts";
import { startLink, type StartedLink } from "../../links.ts";
import { required } from "../../required.ts";
import type { Operation } from "../pipe.ts";
import { deviceOf } from "./device.ts";
import { refuseNames } from "./names.ts";
import { operation } from "./operation.ts";

export function createLinkOperations(host: Host): Readonly<Record<string, Operation>> {
  const links = new Map<string, StartedLink>();
  const servers = new Map<string, Address>();
  const find = (name: string): StartedLink => {
    const link = links.get(name);
    if (link === undefined) throw new Error(`the gate has no link called ${name}`);
    return link;
  };

  return {
    ...operation("addresses.take", async (addresses) => {
      await takeAddresses(addresses);
    }),
    ...operation("names.refuse", async (addresses) => ({ lasting: await refuseNames(host, addresses) })),
    ...operation("link.start", async ({ name, carrier, inner, listen, elsewhere, server, names }, { tell }) => {
      const link = await startLink({
        name,
        host,
        carrier,
        inner,
        listen,
        elsewhere,
        server: async () => server,
        serverOf: (other) => required(servers, other),
        names,
        record: (happening) => tell({ at: host.clock.monotonic(), ...happening } satisfies HistoryEvent),
      });
      links.set(name, link);
      servers.set(name, server);
      const lasting = new AsyncDisposableStack();
      lasting.defer(() => void links.delete(name));
      lasting.use(link);
      return { value: link.address, lasting };
    }),
    ...operation("link.inject", async ({ name, ...injection }, { tell }) => {
      const lasting = await find(name).inject(injection, (detail) => tell({ at: host.clock.monotonic(), detail }));
      return { lasting };
    }),
    ...operation("port.open", async ({ listen, server }) => ({
      lasting: await startTcpProxy({ host, listen, server: async () => server, onEvent: () => {} }),
    })),
    ...operation("link.turned-away", async ({ name, how }) => find(name).turnedAway(how)),
  };
}

/** More than one in a network: a name of a client's is an address, and Docker gives a container only one. */
async function takeAddresses(
  addresses: readonly { readonly beside: string; readonly address: string }[],
): Promise<void> {
  if (addresses.length === 0) return;
  const lines = addresses.map(({ beside, address }) => `address add ${address}/24 dev ${deviceOf(beside)}`);
  await new Promise<void>((resolve, reject) => {
    const child = execFile("ip", ["-batch", "-"], (error, _output, complaint) => {
      if (error === null) resolve();
      else reject(new WorldError(`the gate can't take addresses: ${complaint.trim()}`, { cause: error }));
    });
    child.stdin?.end(`${lines.join("\n")}\n`);
  });
}
