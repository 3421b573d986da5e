/**
 * What the Node Manager is told on its command line.
 */
import type { Files } from "../../host/host.ts";
import { ArgumentError, readFlags, type Flags } from "../../host/arguments.ts";
import { macOf } from "../mac.ts";
import { createGuards, type Guards } from "./guards.ts";

/** Where the wanted slices come from: the document that PLC publishes, or its API. */
export const sources = ["xml", "api"] as const;

export const cpuShares = ["on", "turns", "off"] as const;

export interface Config {
  /** The node's only name: a number that the central database gave it. Never derived from DNS or an address. Undefined: the MAC address says it. */
  readonly nodeId: number | undefined;
  /** Of the first interface, as it is written. */
  readonly mac: string | undefined;
  /** What the node shares with PLC, to be believed. */
  readonly key: string;
  /** What people call the node; PLC is told, and nothing depends on it. */
  readonly hostname: string;
  readonly idFile: string;
  readonly sessionFile: string;
  readonly source: (typeof sources)[number];
  readonly plc: URL;
  readonly path: string;
  readonly pollMs: number;
  /** A random part of each pause, up to this. */
  readonly pollJitterMs: number;
  /** The pause after the first fetch that failed. */
  readonly retryMs: number;
  /** For one look-up, and for one connection. */
  readonly lookUpMs: number;
  readonly connectMs: number;
  /** An answer that has been under way for longer is over age. */
  readonly documentAgeMs: number;
  readonly documentLimitBytes: number;
  /** For one conf file. */
  readonly confFileMs: number;
  readonly fetchTotalMs: number;
  readonly fetchIdleMs: number;
  readonly port: number;
  /** Where the port is open: by default to this machine alone. */
  readonly address: string;
  /** A Unix domain socket beside it, for services on the node, if any. */
  readonly socket: SocketConfig | undefined;
  /** For the head of a request, its body, and the reply, each. */
  readonly rpcDeadlineMs: number;
  /** How many may be connected at a time. */
  readonly rpcConnections: number;
  readonly unboundMs: number;
  /** A shorter lease would be at the mercy of the next correction of the clock. */
  readonly minLeaseMs: number;
  /** A time server that is asked whether it is there, if any. */
  readonly ntp: string | undefined;
  /** How often the clocks are compared. */
  readonly lookMs: number;
  /** CPU shares that resource sets may reserve in all. */
  readonly capacity: number;
  /** How many slivers may be made at once. */
  readonly creations: number;
  /** Files that a new sliver begins with, for want of an image. */
  readonly image: number;
  /** The command that fills the directory of a new sliver, if any: words (making.ts). */
  readonly make: readonly string[];
  readonly makeTotalMs: number;
  /** A shell script that slivers run; a path, or nothing. */
  readonly program: string;
  /** Who gives slivers their shares of the CPU: the kernel where it may be, else turns (on), turns anyhow, or nobody. */
  readonly cpuShares: (typeof cpuShares)[number];
  /** SliceStat's. */
  readonly sliceStatPort: number;
  /** The latest major version of the slices document that is known. */
  readonly formatMajor: number;
  /** So many of the slivers, in percent, that are suddenly not listed any more, are not believed to be gone. */
  readonly vanishPercent: number;
  /** What has gone one after another within this time has gone suddenly. */
  readonly vanishWindowMs: number;
  /** So many documents in a row must agree on what is hard to believe: what is gone, what is wanted under a new id, or that PLC has begun to count anew. */
  readonly confirmations: number;
  readonly stateFile: string;
  readonly logFile: string;
  /** Where the packet dump goes; undefined: its last lines are remembered, and no more. */
  readonly dumpFile: string | undefined;
  /** Of the dump's file and the one before it. */
  readonly dumpBytes: number;
  readonly guards: Guards;
}

export interface SocketConfig {
  /** From the daemon's directory. */
  readonly path: string;
  /** Somebody has asked for it: without it the daemon does not start. */
  readonly required: boolean;
}

const flagNames = [
  "plc",
  "path",
  "node-id",
  "mac",
  "key",
  "hostname",
  "id-file",
  "session-file",
  "source",
  "poll",
  "poll-jitter",
  "retry",
  "look-up",
  "connect",
  "document-age",
  "document-limit",
  "conf-file",
  "fetch-total",
  "fetch-idle",
  "listen",
  "address",
  "socket",
  "rpc-deadline",
  "rpc-connections",
  "unbound",
  "min-lease",
  "look",
  "ntp",
  "capacity",
  "creations",
  "image",
  "make",
  "make-total",
  "program",
  "cpu-shares",
  "slicestat",
  "format-major",
  "vanish",
  "vanish-window",
  "confirm",
  "state",
  "log",
  "dump",
  "dump-bytes",
  "options",
  "without",
];
const optionsLimit = 64 * 1024;

/** `--options FILE`: more flags, in a file that a roll-out replaces; they count more than the command line's. @throws {ArgumentError} */
export async function withOptions(files: Pick<Files, "read">, args: readonly string[]): Promise<readonly string[]> {
  const flags = readFlags(args, flagNames);
  if (!flags.given("options")) return args;
  const path = flags.text("options", "");
  try {
    const bytes = await files.read(path);
    const words = new TextDecoder().decode(bytes.subarray(0, optionsLimit)).split(/\s+/);
    return [...args, ...words.filter((word) => word !== "")];
  } catch (cause) {
    throw new ArgumentError(`--options ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** @throws {ArgumentError} */
export function readConfig(args: readonly string[]): Config {
  const flags = readFlags(args, flagNames);
  return {
    ...readIdentity(flags),
    source: flags.word("source", "xml", sources),
    plc: plcUrl(flags.text("plc", "https://plc.test:443")),
    path: flags.text("path", "/xml/slices.xml"),
    ...readSchedule(flags),
    lookUpMs: flags.duration("look-up", "10s"),
    connectMs: flags.duration("connect", "10s"),
    documentAgeMs: flags.duration("document-age", "20m"),
    documentLimitBytes: flags.integer("document-limit", 64 * 1024 * 1024, 1, 2 ** 31),
    confFileMs: flags.duration("conf-file", "90s"),
    fetchTotalMs: flags.duration("fetch-total", "120s"),
    fetchIdleMs: flags.duration("fetch-idle", "30s"),
    port: flags.integer("listen", 812, 0, 65_535),
    address: flags.text("address", "127.0.0.1"),
    socket: readSocket(flags),
    rpcDeadlineMs: flags.duration("rpc-deadline", "10s"),
    rpcConnections: flags.integer("rpc-connections", 64, 1, 10_000),
    unboundMs: flags.duration("unbound", "10m"),
    minLeaseMs: flags.duration("min-lease", "15m"),
    ntp: flags.given("ntp") ? flags.text("ntp", "") : undefined,
    lookMs: flags.duration("look", "30s"),
    capacity: flags.integer("capacity", 1024, 0, 1_000_000),
    creations: flags.integer("creations", 4, 1, 1000),
    image: flags.integer("image", 0, 0, 100_000),
    make: flags.text("make", "").split(" ").filter(Boolean),
    makeTotalMs: flags.duration("make-total", "15m"),
    program: flags.text("program", ""),
    cpuShares: flags.word("cpu-shares", "off", cpuShares),
    sliceStatPort: flags.integer("slicestat", 3100, 0, 65_535),
    formatMajor: flags.integer("format-major", 2, 1, 2),
    vanishPercent: flags.integer("vanish", 50, 1, 100),
    vanishWindowMs: flags.duration("vanish-window", "1d"),
    confirmations: flags.integer("confirm", 3, 1, 1_000_000),
    stateFile: flags.text("state", "state.json"),
    logFile: flags.text("log", "node.log"),
    dumpFile: flags.given("dump") ? flags.text("dump", "") : undefined,
    dumpBytes: flags.integer("dump-bytes", 8 * 1024 * 1024, 4096, 2 ** 40),
    guards: createGuards(flags.list("without")),
  };
}

/** `--socket ""` turns it off. */
function readSocket(flags: Flags): SocketConfig | undefined {
  const path = flags.text("socket", "node-manager.sock");
  return path === "" ? undefined : { path, required: flags.given("socket") };
}

/** In the field ten minutes and up to five more, and a first retry after 75 s; whoever polls more often, retries more often. */
function readSchedule(flags: Flags): Pick<Config, "pollMs" | "pollJitterMs" | "retryMs"> {
  const pollMs = flags.duration("poll", "10m");
  return {
    pollMs,
    pollJitterMs: flags.duration("poll-jitter", `${pollMs / 2}ms`),
    retryMs: flags.duration("retry", `${pollMs / 8}ms`),
  };
}

type IdentityConfig = Pick<Config, "nodeId" | "mac" | "key" | "hostname" | "idFile" | "sessionFile">;

function readIdentity(flags: Flags): IdentityConfig {
  const common = {
    key: flags.text("key", ""),
    hostname: flags.text("hostname", ""),
    idFile: flags.text("id-file", "node_id"),
    sessionFile: flags.text("session-file", "session.json"),
  };
  if (!flags.given("mac")) return { ...common, nodeId: flags.integer("node-id", 42, 1, 2 ** 31 - 1), mac: undefined };
  const mac = flags.text("mac", "");
  if (macOf(mac) === undefined) throw new ArgumentError(`--mac ${mac}: write an address such as 02:16:00:00:00:2a`);
  if (flags.given("node-id"))
    throw new ArgumentError(
      "--mac, --node-id: write one of them; a node that knows its MAC address keeps its id in --id-file",
    );
  if (common.key === "") throw new ArgumentError("--mac: write --key as well, the one that PLC has for this node");
  return { ...common, nodeId: undefined, mac };
}

function plcUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && (url.protocol === "https:" || url.protocol === "http:")) return url;
  throw new ArgumentError(`--plc ${text}: write an address such as https://plc.test:443`);
}
