/** `sinbin proxy` without addresses: a daemon with Toxiproxy's control API and ours, until it is interrupted. What happens is told in lines of JSON. */
import { formatAddress } from "../../host/address.ts";
import { createRealHost } from "../../host/real.ts";
import { codeOf } from "../../proxies/api/addresses.ts";
import { createEvents } from "../../proxies/api/events.ts";
import { startApi, type Api, type ApiOptions } from "../../proxies/api/server.ts";
import { createProxyTable } from "../../proxies/api/table.ts";
import { messageOf, UsageError } from "../errors.ts";
import { beginWith } from "./daemon-config.ts";
import { exitCodes } from "./exit.ts";
import { untilInterrupted } from "./interrupt.ts";
import { createLogLines } from "./log-lines.ts";
import { runtimeMetrics } from "./runtime-metrics.ts";
import { createTrust } from "./trust.ts";

export interface DaemonFlags {
  readonly fault?: readonly string[];
  readonly udp?: true;
  readonly dns?: true;
  readonly ntp?: true;
  readonly tls?: true;
  readonly seed: number;
  readonly host?: string;
  readonly port?: number;
  readonly config?: string;
  readonly upstreamCa?: string;
  readonly metrics?: true;
  readonly runtimeMetrics?: true;
  readonly allowHost?: readonly string[];
}

const defaultHost = "127.0.0.1";
const defaultPort = 8474;

export async function daemon(flags: DaemonFlags, signal: AbortSignal): Promise<number> {
  for (const flag of ["fault", "udp", "dns", "ntp", "tls"] as const)
    if (flags[flag] !== undefined)
      throw new UsageError(
        `--${flag}: write between which addresses, such as: sinbin proxy 8080 db.test:5432 --${flag} …`,
      );
  const { seed } = flags;
  const { identity, authority } = await createTrust(flags.upstreamCa);
  const tell = createLogLines(process.stdout);
  const host = createRealHost({
    name: "proxy",
    directory: "/",
    seed,
    identity,
    log: tell,
  });
  const events = createEvents(() => host.clock.wall());
  await using table = createProxyTable({
    host,
    seed,
    onEvent(event, fields) {
      events.record(event, fields);
      tell(event, fields);
    },
    // As many lines as messages are nobody's log; whoever wants them reads the stream of events.
    onMessage: (...message) => events.recordMessage(...message),
  });
  if (flags.config !== undefined) await beginWith(table, flags.config);
  const subject = { host, table, events, authority: () => authority.certificate() };
  await using api = await openApi(subject, flags);
  tell("listening", { api: formatAddress(api.address), seed });
  await untilInterrupted(signal);
  return exitCodes.interrupted;
}

async function openApi(
  subject: Pick<ApiOptions, "host" | "table" | "events" | "authority">,
  flags: DaemonFlags,
): Promise<Api> {
  const { host: name = defaultHost, port = defaultPort, metrics = false, allowHost: allowedHosts = [] } = flags;
  // Toxiproxy's own default is a name, and means this.
  const listen = { host: name === "localhost" ? defaultHost : name, port };
  try {
    return await startApi({
      ...subject,
      listen,
      metrics: metrics || flags.runtimeMetrics === true,
      ...(flags.runtimeMetrics === true && { runtimeMetrics }),
      allowedHosts,
    });
  } catch (cause) {
    const isTaken = codeOf(cause) === "EADDRINUSE";
    const stop = isTaken ? "stop what does (another sinbin proxy, or Toxiproxy), or " : "";
    throw new UsageError(
      `${formatAddress(listen)}: the control API can't listen there (${messageOf(cause)}): ${stop}write another --host or --port`,
      { cause },
    );
  }
}
