/** `sinbin proxy` without addresses: a daemon with Toxiproxy's control API, until it is interrupted. What happens is told in lines of JSON. */
import { readFile } from "node:fs/promises";
import type { Host } from "../../host/host.ts";
import { formatAddress } from "../../host/address.ts";
import { createRealHost } from "../../host/real.ts";
import { ApiError } from "../../proxies/api/errors.ts";
import { readProxies } from "../../proxies/api/requests.ts";
import { startApi, type Api } from "../../proxies/api/server.ts";
import { createProxyTable, type ProxyTable } from "../../proxies/api/table.ts";
import { messageOf, UsageError } from "../errors.ts";
import { exitCodes } from "./exit.ts";

export interface DaemonFlags {
  readonly fault?: readonly string[];
  readonly seed: number;
  readonly host?: string;
  readonly port?: number;
  readonly config?: string;
  readonly metrics?: true;
  readonly allowHost?: readonly string[];
}

const defaultHost = "127.0.0.1";
const defaultPort = 8474;

export async function daemon(flags: DaemonFlags, signal: AbortSignal): Promise<number> {
  if (flags.fault !== undefined)
    throw new UsageError("--fault: write between which addresses, such as: sinbin proxy 8080 db.test:5432 --fault …");
  const { seed } = flags;
  const host = createRealHost({ name: "proxy", directory: "/", seed });
  await using table = createProxyTable({
    host,
    seed,
    onEvent: (event, fields) => tell({ event, ...fields }),
  });
  if (flags.config !== undefined) await populate(table, flags.config);
  await using api = await openApi(host, table, flags);
  for (const { name, listen, upstream, enabled } of table.list().map((proxy) => proxy.shown()))
    tell({ event: "proxy", name, listen, upstream, enabled });
  tell({ event: "listening", api: formatAddress(api.address), seed });
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  return exitCodes.interrupted;
}

async function populate(table: ProxyTable, file: string): Promise<void> {
  try {
    await table.populate(readProxies(await readFile(file, "utf8")));
  } catch (error) {
    if (!(error instanceof ApiError) && !(error instanceof Error && "code" in error)) throw error;
    const why = messageOf(error).replace(/^bad request body: /, "");
    throw new UsageError(
      `--config ${file}: ${why}; write a JSON array such as [{"name": "db", "listen": "127.0.0.1:15432", "upstream": "db.test:5432"}]`,
      { cause: error },
    );
  }
}

async function openApi(host: Host, table: ProxyTable, flags: DaemonFlags): Promise<Api> {
  const { host: name = defaultHost, port = defaultPort, metrics = false, allowHost: allowedHosts = [] } = flags;
  // Toxiproxy's own default is a name, and means this.
  const listen = { host: name === "localhost" ? defaultHost : name, port };
  try {
    return await startApi({ host, listen, table, metrics, allowedHosts });
  } catch (cause) {
    throw new UsageError(
      `${formatAddress(listen)}: the control API can't listen there (${messageOf(cause)}): stop what does (another sinbin proxy, or Toxiproxy), or write another --host or --port`,
      { cause },
    );
  }
}

function tell(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
