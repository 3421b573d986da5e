/** `sinbin proxy`: one proxy with faults, without a plan, until it is interrupted. What happens is told in lines of JSON, as in a history. */
import { createRealHost } from "../../host/real.ts";
import { formatAddress, parseAddress } from "../../host/address.ts";
import type { Address, Host } from "../../host/host.ts";
import { UsageError } from "../errors.ts";
import { faultKey, faultOf } from "../../faults/key.ts";
import { faultMeant } from "../../faults/meant.ts";
import { faults, isFaultOfLink, type Fault } from "../../faults/registry.ts";
import { whomKeys } from "../../faults/whom.ts";
import { chosenFaultOf, stepDocument } from "../../proxies/api/changes.ts";
import { problemsOf } from "../plan/issues.ts";
import { isRecord } from "../plan/raw.ts";
import { toPlain } from "../plan/tree.ts";
import { readYaml } from "../plan/yaml.ts";
import { startLink } from "../worlds/links.ts";
import { carriers, type Carrier } from "../worlds/transport.ts";
import type { StartedLink } from "../worlds/links.ts";
import { innerProxyFor, withNeeded, type InnerProxy } from "../../proxies/chain/planes.ts";
import { namesAt, ofLoopback } from "../../proxies/tls/names.ts";
import type { DaemonFlags } from "./daemon.ts";
import { exitCodes } from "./exit.ts";
import { untilInterrupted } from "./interrupt.ts";
import { createLogLines } from "./log-lines.ts";
import { createTrust } from "./trust.ts";

export interface ProxyFlags {
  /** Each as in a step of a plan: `tcp.latency: { delay: 100ms }`, or `dns.empty: {}, match: { qname: plc.test }, nth: 3`. */
  readonly fault?: readonly string[];
  readonly seed: number;
}

type WrittenFault = ReturnType<typeof chosenFaultOf>;

const tell = createLogLines(process.stdout);

/** Flags of the control API, which this proxy has not. */
const flagsOfDaemon = ["host", "port", "config", "metrics", "runtimeMetrics", "allowHost"] as const;

export async function proxy(
  listen: string,
  server: string | undefined,
  flags: ProxyFlags & DaemonFlags,
  signal: AbortSignal,
): Promise<number> {
  if (server === undefined)
    throw new UsageError(`${listen}: write where the server is as well, such as ${listen} db.test:5432`);
  const wrong = flagsOfDaemon.find((flag) => flags[flag] !== undefined);
  if (wrong !== undefined)
    throw new UsageError(
      `--${wrong.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}: it is for the control API, which a proxy between two addresses has not: leave it or the addresses out`,
    );
  const { identity, authority } = await createTrust(flags.upstreamCa);
  const host = createRealHost({ name: "proxy", directory: "/", seed: flags.seed, identity });
  const faults = (flags.fault ?? []).map(parseFault);
  const carrier = carrierOf(faults, flags);
  const secure = isSecure(faults, flags.tls === true);
  const target = addressOf(server);
  const inner = withNeeded(
    faults.flatMap(({ fault, selection }) => innerProxyFor(fault, selection.leg) ?? []),
    secure,
  );
  await using link = await openLink(listen, target, { host, carrier, inner });
  for (const [n, { fault, parameters, selection }] of faults.entries()) {
    const { kind } = fault;
    const chance = { seed: flags.seed, path: ["proxy", kind, n] };
    const injection = { kind, parameters: { ...parameters }, match: selection, chance };
    await link.inject(injection, (detail) => tell("fault.hit", { kind, detail }));
  }
  tell("listening", {
    address: formatAddress(link.address),
    server: formatAddress(target),
    ...(inner.some(endsTls) && { authority: await authority.certificate() }),
  });
  await untilInterrupted(signal);
  return exitCodes.interrupted;
}

const endsTls = (which: InnerProxy): boolean => which === "termination" || which === "tls";

/** Faults of TLS say it, too. */
function isSecure(faults: readonly WrittenFault[], tls: boolean): boolean {
  const stray = faults.find(({ fault }) => carriers.some((carrier) => carrier !== "tcp" && carrier === fault.plane));
  if (tls && stray !== undefined)
    throw new UsageError(`--tls: ${stray.fault.kind} acts on datagrams, and TLS goes over tcp: leave one of them out`);
  return tls || faults.some(({ fault }) => fault.plane === "tls");
}

/** What flags and faults say. */
function carrierOf(faults: readonly WrittenFault[], flags: DaemonFlags): Carrier {
  const [said, another] = (["udp", "dns", "ntp", "tls"] as const).filter((flag) => flags[flag] === true);
  if (another !== undefined)
    throw new UsageError(`--${said} --${another}: the proxy is one of them: leave the other out`);
  const wanted = faults.map(({ fault: { plane } }) => carriers.find((carrier) => carrier === plane) ?? "tcp");
  const carrier = said === undefined || said === "tls" ? (wanted[0] ?? "tcp") : said;
  const stray = faults.find((_fault, n) => wanted[n] !== carrier);
  if (stray === undefined) return carrier;
  throw new UsageError(
    `--fault ${stray.fault.kind}: the proxy is one for ${carrier}${carrier === said ? ` (--${said})` : ""}: write faults of one plane (see "sinbin faults ${carrier}")`,
  );
}

interface Opening {
  readonly host: Host;
  readonly carrier: Carrier;
  readonly inner: readonly InnerProxy[];
}

async function openLink(listen: string, server: Address, opening: Opening): Promise<StartedLink> {
  // A port alone is one of this machine, for this machine.
  const address = /^\d+$/.test(listen) ? { host: "127.0.0.1", port: portOf(listen) } : addressOf(listen);
  try {
    return await startLink({
      name: "proxy",
      ...opening,
      listen: address,
      server: async () => server,
      names: namesAt(server.host),
      alsoAt: [...ofLoopback, address.host],
      record: ({ event, ...fields }) => tell(event, fields),
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(
      `${listen}: it can't be listened on (${why}): write another port, such as 8080 or 0.0.0.0:8080`,
      { cause },
    );
  }
}

const mostPort = 65_535;

function portOf(text: string): number {
  if (Number(text) > mostPort) throw new UsageError(`${text}: write a whole number from 0 to ${mostPort}`);
  return Number(text);
}

function addressOf(text: string): Address {
  const { host, port } = parseAddress(text);
  if (host === "" || !Number.isInteger(port) || port < 0 || port > mostPort)
    throw new UsageError(`${text}: write a host and a port, such as db.test:5432`);
  return { host, port };
}

function parseFault(text: string): WrittenFault {
  const wrong = (why: string, like?: Fault): UsageError =>
    new UsageError(`--fault ${text}: ${why}; write it as in a plan, such as '${exampleOf(like)}'`);
  // One line is the inside of a map: outside of braces YAML wants a line a key.
  const { tree, problems } = readYaml("--fault", /^\s*\{|\n/.test(text) ? text : `{ ${text} }`);
  const [problem] = problems;
  if (problem !== undefined || tree === undefined) throw wrong(problem?.message ?? "there is no fault");
  const written = toPlain(tree);
  const keys = isRecord(written) ? Object.keys(written).filter((key) => !isWhomKey(key)) : [];
  const key = keys.find((each) => faultOf(each) !== undefined) ?? keys[0] ?? "";
  const fault = faultOf(key);
  if (fault === undefined) {
    const ofLinks = [...faults.values()].filter(isFaultOfLink);
    const kinds = ofLinks.map(({ kind }) => kind);
    const meant = faultMeant(key, kinds);
    const [plane] = key.split(".");
    const like = meant === undefined ? ofLinks.find((each) => each.plane === plane) : faultOf(meant);
    throw wrong(
      meant === undefined
        ? `name one fault of links (see "sinbin faults tcp", and so for http, tls, udp, dns and ntp)`
        : `did you mean ${meant}?`,
      like,
    );
  }
  if (!isFaultOfLink(fault))
    throw new UsageError(
      `--fault ${text}: ${fault.kind} acts on services, and a proxy has none: write a fault of links, such as '${exampleOf()}'`,
    );
  // Either spelling of its kind names it.
  const step = Object.fromEntries(
    Object.entries(written as object).map(([name, value]) => [name === key ? faultKey(fault.kind) : name, value]),
  );
  const parsed = stepDocument.safeParse(step);
  if (parsed.success) return chosenFaultOf(parsed.data);
  // Of a fault's own parameters it goes without saying whose they are.
  const wrongs = problemsOf(stepDocument, step, tree).map(({ path, message }) => {
    const own = faultKey(fault.kind);
    const within = path === own ? "" : path.replace(`${own}.`, "");
    return within === "" ? message : `${within}: ${message}`;
  });
  throw wrong(wrongs.join(", "), fault);
}

function isWhomKey(key: string): boolean {
  return whomKeys.some((each) => each === key);
}

function exampleOf(fault?: Fault): string {
  return fault === undefined ? "tcp.latency: { delay: 100ms }" : `${faultKey(fault.kind)}: ${fault.example}`;
}
