/**
 * What the docker world costs: `node bench/docker.ts [rounds]`. Times count from the start of the command line, images built and cached; the peer of
 * the gate is the same two containers on a network of Docker's own, measured in turn with it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectEngine } from "../harness/worlds/docker/engine.ts";
import { createImages } from "../harness/worlds/docker/images.ts";
import { listProcesses } from "../harness/worlds/local/marked.ts";
import { roundsOf } from "./rounds.ts";

const rounds = roundsOf(process.argv[2]);
const main = resolve(import.meta.dirname, "../harness/cli/main.ts");
const library = resolve(import.meta.dirname, "../suites/lib/one-node.yaml");

/** A fault at once, and long enough to look around. */
function nodes(count: number): string {
  const copies = count === 1 ? "" : `services: { node: { copies: ${count} } }\n`;
  const fault = "{ tcp.latency: { delay: 1ms }, where: fetch, may_miss: true }";
  return `plan: bench\ninclude: [${library}]\n${copies}phases:\n  - { name: storm, for: 2s, faults: [${fault}] }\n`;
}

/** Both ways to one server, in turn: by the link, which leads through the gate, and by a network that the two share. */
function roundTrips(image: string): string {
  const serve = "require('net').createServer((s) => s.setNoDelay().pipe(s)).listen(7000)";
  const measure = `
    const { connect } = require("net");
    const open = (host) => new Promise((done) => { const s = connect(7000, host, () => done(s.setNoDelay())); });
    const trip = (s, bytes) => new Promise((done) => { const at = process.hrtime.bigint(); s.once("data", () => done(Number(process.hrtime.bigint() - at) / 1000)); s.write(bytes); });
    const middle = (times) => Math.round(times.sort((a, b) => a - b)[times.length >> 1]);
    (async () => {
      const ways = { gate: await open("server.test"), direct: await open("server") };
      const times = { gate: [], direct: [] };
      const bytes = Buffer.alloc(100);
      for (let n = 0; n < 4000; n++) { const way = n % 2 ? "gate" : "direct"; times[way].push(await trip(ways[way], bytes)); }
      console.log(JSON.stringify({ event: "measured", gate: middle(times.gate), direct: middle(times.direct) }));
      setInterval(() => {}, 1000);
    })();`.replaceAll(/\s+/g, " ");
  return JSON.stringify({
    plan: "round-trips",
    services: {
      server: { image, command: ["node", "-e", serve], ready: { port: 7000 }, networks: ["beside"] },
      client: { image, command: ["node", "-e", measure], ready: { log: "measured" }, networks: ["beside"] },
    },
    links: { link: { from: "client", to: "server", proto: "tcp", port: 7000, name: "server.test" } },
    phases: [{ name: "rest", for: "10ms" }],
  });
}

interface Measured {
  readonly firstFaultMs: number;
  readonly teardownMs: number;
  /** Proportional set size of each node's processes. */
  readonly nodeMB: number;
  readonly history: string;
}

async function run(plan: string): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), "sinbin-bench-"));
  try {
    await writeFile(join(folder, "plan.yaml"), plan);
    const began = performance.now();
    const child = spawn(process.execPath, [main, "run", "plan.yaml", "--world", "docker", "--out", "runs"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const exited = once(child, "exit").then(() => performance.now());
    const firstFault = await seen(folder, '"event":"fault.inject"', exited);
    const nodeMB = memoryOfNodes();
    const end = await seen(folder, '"event":"run.end"', exited);
    const over = await exited;
    return { firstFaultMs: firstFault - began, teardownMs: over - end, nodeMB, history: await historyOf(folder) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function historyOf(folder: string): Promise<string> {
  const files = await readdir(join(folder, "runs"), { recursive: true }).catch(() => []);
  const file = files.find((each) => each.endsWith("history.jsonl"));
  return file === undefined ? "" : readFile(join(folder, "runs", file), "utf8");
}

/** When a line with the text was there; the end, if it never was. */
async function seen(folder: string, text: string, exited: Promise<number>): Promise<number> {
  for (;;) {
    if ((await historyOf(folder)).includes(text)) return performance.now();
    const over = await Promise.race([exited, sleep(5)]);
    if (over !== undefined) return over;
  }
}

/** Linux, and an engine on this machine; 0 elsewhere. */
function memoryOfNodes(): number {
  const sizes = new Map<string, number>();
  for (const pid of process.platform === "linux" ? listProcesses() : []) {
    try {
      const service = /SINBIN_SERVICE=(node\w*)\0/.exec(readFileSync(`/proc/${pid}/environ`, "latin1"))?.[1];
      if (service === undefined) continue;
      const size = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1] ?? 0);
      sizes.set(service, (sizes.get(service) ?? 0) + size);
    } catch {
      // It was quicker.
    }
  }
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  return sizes.size === 0 ? 0 : total / sizes.size / 1000;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function describe(values: readonly number[], unit: string, digits = 1): string {
  const sorted = [...values].sort((one, other) => one - other);
  const [least = 0, middle = 0, most = 0] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  return `${middle.toFixed(digits)} ${unit} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}

using engine = await connectEngine();
const image = await createImages(engine, (line) => process.stderr.write(`${line}\n`)).own();
say(`Docker ${engine.version}, ${engine.cpus} cores, ${rounds} rounds: median (least to most)`);
for (const count of [1, 10]) {
  const measured: Measured[] = [];
  for (let n = 0; n < rounds; n++) measured.push(await run(nodes(count)));
  const what = count === 1 ? "one node and PLC" : `${count} nodes and PLC`;
  say(
    `${what}: first fault after ${describe(
      measured.map(({ firstFaultMs }) => firstFaultMs / 1000),
      "s",
    )}`,
  );
  say(
    `${what}: gone ${describe(
      measured.map(({ teardownMs }) => teardownMs / 1000),
      "s",
    )} after the end`,
  );
  say(
    `${what}: ${describe(
      measured.map(({ nodeMB }) => nodeMB),
      "MB",
      0,
    )} a node`,
  );
}
const ways: { readonly gate: number; readonly direct: number }[] = [];
for (let n = 0; n < rounds; n++) {
  const [, line] = /("event":"measured".*?)\}/.exec((await run(roundTrips(image))).history) ?? [];
  ways.push(JSON.parse(`{${line}}`));
}
const ratios = ways.map(({ gate, direct }) => gate / direct);
say(
  `a round trip of 100 bytes: ${describe(
    ways.map(({ gate }) => gate),
    "µs",
    0,
  )} through the gate, ${describe(
    ways.map(({ direct }) => direct),
    "µs",
    0,
  )} without; ratio ${describe(ratios, "times")}`,
);
