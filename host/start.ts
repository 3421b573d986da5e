/**
 * Runs a program as a process, on the real host: `node host/start.ts program.ts [arguments…]`. Its directory is the current one.
 *
 * The world speaks to it through the environment:
 *
 * - `SINBIN_SERVICE`: the service's name (default: the program's path).
 * - `SINBIN_SEED`: an integer for `host.random`, another one for each start of the same service (by default nobody knows which). Where the environment
 *   can't be another one for each start, `SINBIN_SEED_FILE` is the path of a file that has it.
 * - `SINBIN_CA`, `SINBIN_CERT`, `SINBIN_KEY`: paths of PEM files: the authority to trust, the certificate to serve TLS with, and its key.
 * - `SINBIN_NAMES`: only in a world without natural ports: where names lead, as JSON `{ "plc.test:443": "127.0.0.1:40001" }`. A port that is
 *   listened on is mapped to a free one, and the log says so: `network.listening` { port, address }, `network.bound` for UDP.
 * - `SINBIN_NAME_SERVERS`: asked for names instead of the system's resolver, in this order: `127.0.0.1:40053,127.0.0.1:40054`.
 * - `SINBIN_RESOLV_CONF`: the path of a resolv.conf(5) that says so, read anew for each name; then /etc/hosts is looked at first.
 * - `SINBIN_JOURNAL`: where to write down what is done to the disk, for a world that lets the power fail (host/disk/journal.ts).
 * - `SINBIN_CONTROL`: where the world says what the system refuses (host/real/control.ts). The log says when it does: `disk.refused`
 *   { code, path? } and `limits.refused` { limit: "processes" }. A descriptor too many is `limits.refused` { limit: "open-files" }.
 *
 * A connect that is refused is logged in every world, as `network.refused` { host, port, address }, and one that gets no answer as `network.unanswered`: no proxy can see them.
 * SIGHUP does nothing until the program runs, for which it has said something or had its first turn; then it does what it does by default, unless the
 * program listens for it. Standard output that can't be written ends nobody: lines that are lost are counted,
 * and when the program has ended, whoever reads late has two seconds.
 * What escapes `main` is printed with its stack, exit code 1: that is what Node does.
 */
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { keepCompiled } from "./compiled.ts";
import type { Main } from "./host.ts";

const ignore = (): void => {};
process.on("SIGHUP", ignore);
const stopIgnoring = (): void => void process.off("SIGHUP", ignore);
keepCompiled();
const [{ parseAddress }, { openJournal }, { createLog }, { createRealHost }] = await Promise.all([
  import("./address.ts"),
  import("./real/journal.ts"),
  import("./real/log.ts"),
  import("./real.ts"),
]);

const [path, ...args] = process.argv.slice(2);
if (path === undefined) throw new Error("write the path of a program: node host/start.ts program.ts [arguments…]");

const { SINBIN_SERVICE, SINBIN_SEED, SINBIN_NAMES, SINBIN_CA, SINBIN_CERT, SINBIN_KEY } = process.env;
const { SINBIN_NAME_SERVERS, SINBIN_RESOLV_CONF, SINBIN_JOURNAL, SINBIN_CONTROL, SINBIN_SEED_FILE } = process.env;
const content = (path: string | undefined): string | undefined =>
  path === undefined ? undefined : readFileSync(path, "utf8");
const authority = content(SINBIN_CA);
const certificate = content(SINBIN_CERT);
const key = content(SINBIN_KEY);

const nameServers = SINBIN_NAME_SERVERS?.split(",").map(parseAddress) ?? SINBIN_RESOLV_CONF;

const output = createLog(process.stdout);
const host = createRealHost({
  name: SINBIN_SERVICE ?? path,
  directory: process.cwd(),
  unlogged: output.unlogged,
  log(event, fields) {
    stopIgnoring();
    output.log(event, fields);
  },
  seed: Number(content(SINBIN_SEED_FILE) ?? SINBIN_SEED ?? randomInt(2 ** 47)),
  ...(SINBIN_NAMES !== undefined && { names: JSON.parse(SINBIN_NAMES) }),
  ...(nameServers !== undefined && { nameServers }),
  ...(SINBIN_JOURNAL !== undefined && { journal: openJournal(SINBIN_JOURNAL) }),
  ...(SINBIN_CONTROL !== undefined && { control: SINBIN_CONTROL }),
  identity: {
    ...(authority !== undefined && { authority }),
    ...(certificate !== undefined && { certificate }),
    ...(key !== undefined && { key }),
  },
});
const { main }: { readonly main: Main } = await import(pathToFileURL(resolve(path)).href);
// Whoever is killed has no time for it.
flushCompileCache();
const ended = main(host, args);
setImmediate(stopIgnoring);
const code = await ended;
await output.drain();
process.exit(code);
