/**
 * A mock PlanetLab Central: publishes the slices documents, answers the API, and does wrong what it is told to.
 *
 *     --listen 443 --tls on                the port; `off` speaks plain HTTP
 *     --oldest-tls 1.0                     nodes of 2006 know no other version, and later ones take the newest that both know
 *     --control 8001                       where it is told of faults (control.ts), by this machine alone
 *     --control-address 127.0.0.1          unless this says otherwise
 *     --framing content-length             or chunked, or close: how the end of a document is told
 *     --data FILE                          the seed of the database, as JSON (data.ts), or made up:
 *     --slices 4 --nodes 1                 slices, and on how many nodes each runs
 *     --key-bytes 400                      of authorized keys a slice
 *     --node-id 42                         the node that all of them run on
 *     --conf-files 1                       conf files, for all nodes
 */
import { z } from "zod";
import { aborted } from "../../host/aborted.ts";
import { tlsVersions, type Host } from "../../host/host.ts";
import { untilStopped } from "../../host/until-stopped.ts";
import { ArgumentError, readFlags, type Flags } from "../../host/arguments.ts";
import { serveControl } from "../control.ts";
import { wordIssues } from "../misshapen.ts";
import { dataSchema, type Data } from "./data.ts";
import { namesOf, openDatabase } from "./database.ts";
import { createDisturbances } from "./disturbances.ts";
import { beginFault } from "./faults/registry.ts";
import { generateData } from "./generate.ts";
import { createSlicesFile } from "./slices-file.ts";
import { framings, servePlc } from "./serve.ts";

const flagNames = [
  "listen",
  "tls",
  "oldest-tls",
  "control",
  "control-address",
  "framing",
  "data",
  "slices",
  "key-bytes",
  "node-id",
  "nodes",
  "conf-files",
];

export const main = untilStopped((args) => readFlags(args, flagNames), run);

async function run(host: Host, flags: Flags, signal: AbortSignal): Promise<number | void> {
  const options = {
    port: flags.integer("listen", 443, 0, 65_535),
    tls: flags.word("tls", "on", ["on", "off"]) === "on",
    oldestTls: flags.word("oldest-tls", "1.0", tlsVersions),
    framing: flags.word("framing", "content-length", framings),
  };
  // Two that save in one directory would each lose what the other has saved.
  await using lock = await host.files.lock("database");
  if (lock === undefined) {
    host.log("lock.refused", {
      why: "another PLC has its database in this directory: give each a directory of its own",
    });
    return 3;
  }
  await using database = await openDatabase(host, await readData(host, flags));
  const plc = { host, database, disturbances: createDisturbances(), slicesFile: createSlicesFile() };
  await using listener = await servePlc(plc, options);
  await using control = await serveControl(host, {
    port: flags.integer("control", 8001, 0, 65_535),
    address: flags.text("control-address", "127.0.0.1"),
    begin: (injected) => beginFault(injected, plc),
  });
  host.log("plc.slices", { names: namesOf(database.data) });
  host.log("ready", { port: listener.address.port, control: control.address.port });
  await aborted(signal);
}

async function readData(host: Host, flags: Flags): Promise<Data> {
  if (!flags.given("data")) {
    return generateData({
      slices: flags.integer("slices", 4, 0, 10_000),
      keyBytes: flags.integer("key-bytes", 400, 0, 16 * 1024 * 1024),
      node: flags.integer("node-id", 42, 1, 2 ** 31 - 1),
      nodes: flags.integer("nodes", 1, 1, 10_000),
      confFiles: flags.integer("conf-files", 1, 0, 1000),
    });
  }
  const path = flags.text("data", "");
  try {
    return dataSchema.parse(JSON.parse(new TextDecoder().decode(await host.files.read(path))));
  } catch (cause) {
    throw new ArgumentError(`--data ${path}: ${whyOf(cause)}`, { cause });
  }
}

function whyOf(cause: unknown): string {
  if (cause instanceof z.ZodError) return wordIssues(cause);
  return cause instanceof Error ? cause.message : String(cause);
}
