/**
 * Whether a Node Manager's packet dump tells what went wrong (I44): of faults of 25 classes, drawn from seeds, a classifier that reads the dump and nothing else
 * names the class.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bindPlan, parsePlan } from "../harness/plan/parse.ts";
import type { Plan } from "../harness/plan/schema.ts";
import { runTrial } from "../harness/run/trial.ts";
import { loadPrograms } from "../harness/worlds/sim/programs.ts";
import { byNight } from "../host/night.testing.ts";
import { faultClasses, type FaultClass } from "../planetlab/classifier/symptoms.ts";

/** What is injected: one of these, with strengths that are drawn as well. */
const injected: Readonly<Record<FaultClass, readonly string[]>> = {
  "dns-failure": [
    "dns.rcode: { code: servfail }, where: names",
    "dns.rcode: { code: nxdomain }, where: names",
    "dns.refuse: {}, where: names, may_miss: true",
  ],
  "dns-silence": ["dns.blackhole: {}, where: names"],
  "dns-slow": ["dns.slow: { by: 200ms..3s }, where: names"],
  "tcp-refused": ["tcp.refuse: {}, where: fetch"],
  "tcp-silence": ["tcp.unanswered: {}, where: fetch"],
  "tcp-reset": ["tcp.reset: { after_bytes: 6kB..20kB }, where: fetch"],
  "tcp-stall": ["tcp.stall: { after_bytes: 6kB..20kB }, where: fetch"],
  "tcp-drip": ["tcp.drip: { rate: 3kB/s..20kB/s }, where: fetch", "http.drip: { rate: 200B/s..20kB/s }, where: fetch"],
  "tcp-slow": ["tcp.latency: { delay: 200ms..1s }, where: fetch"],
  "tls-certificate": [
    "tls.expired: { ago: 1h..100d }, where: fetch",
    "tls.not_yet_valid: { in: 1h..100d }, where: fetch",
    "tls.wrong_host: {}, where: fetch",
    "tls.unknown_ca: {}, where: fetch",
    "tls.unknown_ca: { signed_by: itself }, where: fetch",
  ],
  "tls-handshake": [
    "tls.handshake_stall: { behind: server-hello }, where: fetch",
    "tls.handshake_stall: { behind: client-hello }, where: fetch",
    "tls.handshake_cut: { behind: server-hello, by: fin }, where: fetch",
    "tls.handshake_cut: { behind: server-flight, by: fin }, where: fetch",
  ],
  "http-status": [
    "http.status: { code: 503 }, where: fetch",
    "http.status: { code: 404 }, where: fetch",
    "http.status: { code: 500 }, where: fetch",
    "http.redirect_loop: {}, where: fetch",
  ],
  "http-truncated": ["http.truncate: { after: 1kB..20kB, framing: content-length-long }, where: fetch"],
  "http-wrong-body": ["http.captive_portal: { status: 200 }, where: fetch", "http.wrong_type: {}, where: fetch"],
  "document-corrupt": [
    "http.body: { path: '/slices/slice[1]/@expiry', value: '1' }, where: fetch",
    "http.body: { path: '/slices/key[2]/@value', value: ssh-rsa forged }, where: fetch",
  ],
  "document-format": [
    "plc.format: { change: newer-major }, where: plc",
    "plc.format: { change: unversioned }, where: plc",
    "plc.format: { change: older-major }, where: plc",
  ],
  "document-stale": [
    "plc.serial_back: {}, where: plc",
    "plc.serial_back: { by: 3 }, where: plc",
    "plc.serial_back: { epoch: true }, where: plc",
  ],
  "document-other-node": ["plc.wrong_node: { node: 42, other: 43 }, where: plc"],
  "document-bad-slice": [
    "plc.bad_slice: { field: expiry }, where: plc",
    "plc.bad_slice: { field: rspec }, where: plc",
    "plc.bad_slice: { field: id }, where: plc",
  ],
  "document-missing-slices": ["plc.vanish: { share: 40%..100% }, where: plc", "plc.first_entry_only: {}, where: plc"],
  "clock-step": [
    "clock.step: { by: 2s..3h }, where: node, at: 40s..70s",
    "clock.step: { by: -2h..-2s }, where: node, at: 40s..70s",
  ],
  "plc-clock": [
    "plc.clock: { by: 1m..2d }, where: plc, at: 40s..70s",
    "plc.clock: { by: -2d..-1m }, where: plc, at: 40s..70s",
  ],
  "ntp-silence": ["ntp.drop: {}, where: time", "ntp.blocked: {}, where: time, may_miss: true"],
  "ntp-wrong-time": ["ntp.step: { by: 2s..1h }, where: time", "ntp.step: { by: -1h..-2s }, where: time"],
  "rpc-intruder": [
    "tcp.intruder: { what: scan, gap: 2s }, where: look",
    "tcp.intruder: { what: garbage, gap: 2s }, where: look",
  ],
};

const folder = import.meta.dirname;
const page = await readFile(join(folder, "../docs/dumps.md"), "utf8");
const perClass = byNight ? 20 : 1;

/** Of one way to break it. */
async function planOf(step: string): Promise<Plan> {
  const text = `
plan: one-fault
include: [./lib/dumped-node.yaml]
phases:
  - { name: warm-up, until: steady, timeout: 2m }
  - { name: trouble, for: 80s, faults: [{ ${step} }] }
`;
  const file = join(folder, "one-fault.yaml");
  return parsePlan(file, async (path) => (path === file ? new TextEncoder().encode(text) : readFile(path)));
}

/** What the classifier has said last. */
async function diagnosisOf(unbound: Plan, seed: number): Promise<string> {
  const plan = bindPlan(unbound, { seed, cell: {}, params: {} });
  const programs = await loadPrograms([plan]);
  const signal = new AbortController().signal;
  const { events } = await runTrial({ plan, cell: {}, seed, without: new Map(), programs, signal });
  const said = events.flatMap((event) =>
    event.event === "service.log" && event.service === "classifier" && event.fields?.["event"] === "diagnosis"
      ? [String(event.fields["fault"])]
      : [],
  );
  return said.at(-1) ?? "nothing";
}

interface Said {
  readonly fault: FaultClass;
  readonly diagnosis: string;
}

/** The confusion matrix, but for its zeros. */
function matrixOf(said: readonly Said[]): string {
  const rows = faultClasses.map((fault) => {
    const own = said.filter((each) => each.fault === fault);
    const others = Map.groupBy(
      own.filter(({ diagnosis }) => diagnosis !== fault),
      ({ diagnosis }) => diagnosis,
    );
    const mistaken = [...others].map(([diagnosis, times]) => `${diagnosis} ${times.length}`).sort();
    return [fault, String(own.length), String(rightIn(own)), mistaken.join(", ")];
  });
  const table = [["injected", "runs", "named", "taken for"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const write = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [write(table[0] ?? []), write(widths.map((width) => "-".repeat(width))), ...rows.map(write)].join("\n");
}

function rightIn(said: readonly Said[]): number {
  return said.filter(({ fault, diagnosis }) => fault === diagnosis).length;
}

// All 500 runs take minutes of a core: the guard against a hang is ten times that.
test("the class of a fault is read from the dump alone, in at least 95 % of runs", async () => {
  const said: Said[] = [];
  for (const fault of faultClasses) {
    const ways = await Promise.all(injected[fault].map(planOf));
    for (let n = 0; n < perClass; n += 1) {
      const plan = ways[n % ways.length];
      if (plan !== undefined) said.push({ fault, diagnosis: await diagnosisOf(plan, n + 1) });
    }
  }
  expect(said).toHaveLength(faultClasses.length * perClass);
  const wrong = said.filter(({ fault, diagnosis }) => fault !== diagnosis);
  expect(wrong.slice(Math.floor(said.length * 0.05))).toEqual([]);
  // The page has the matrix of all runs, which take minutes.
  const matrices = byNight ? [matrixOf(said)] : [];
  expect(matrices.filter((matrix) => !page.includes(matrix))).toEqual([]);
}, 3_000_000);

test("docs/dumps.md has a row for each class, in equal numbers: 500 runs, of which 95 % are right", () => {
  const rows = [...page.matchAll(/^\| ([\w-]+) +\| (\d+) +\| (\d+) +\|/gm)];
  expect(rows.map(([, fault, runs]) => [fault, runs])).toEqual(faultClasses.map((fault) => [fault, "20"]));
  expect(rows.reduce((sum, [, , , named]) => sum + Number(named), 0)).toBeGreaterThanOrEqual(475);
});
