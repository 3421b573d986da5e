/**
 * Switching a guard off deletes a check, and leaves a naive daemon: no code is there for that one alone. What V8 counts in the runs of controls, and in no run
 * with all guards on, may be a value in the place of what the guard does, or one of the consequences below. All controls are run, which is for the night
 * (`.ci/full`): by day what it looks for is found in a small program, and the rule that can be read off the text is planetlab/without.test.ts's.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { byNight } from "../host/night.testing.ts";
import type { Unguarded } from "./unguarded.testing.ts";

/** What a daemon with all guards does as well, if this happens to it, which it does in no plan, or in none of tier commit. By file, and how the code begins. */
const consequences = {
  "node-manager/credentials.ts": [
    ["refused = error.message;", "PLC refuses a call, and no session is the reason"],
    ["throw error;", "a call by session fails otherwise"],
  ],
  "node-manager/expiry.ts": [["const key = ", "a slice is over by PLC's time"]],
  "node-manager/fetch.ts": [['return "tls";', "a handshake fails"]],
  "node-manager/identity.ts": [
    ["throw new IdentityError( `${mac} is", "PLC knows the MAC address of no node, or of several"],
  ],
  "node-manager/leases.ts": [['throw new ResourceError("noResources"', "another slice has the lease"]],
  "node-manager/loop.ts": [["throw error;", "what is thrown is a bug, and no trouble with a fetch"]],
  "node-manager/main.ts": [
    ['(name: string, error: unknown): void => log.write("sliver.failed"', "a sliver on the disk can't be started"],
    ["(error: unknown) => failed(slice.name", "a sliver on the disk can't be started"],
    ["keepOnly(", "a slice is over by PLC's time"],
    ["); saveQuietly();", "a slice is over by PLC's time"],
  ],
  "node-manager/resources.ts": [
    ['throw new ResourceError("noResources"', "no CPU shares are left"],
    ["else collect(rcap);", "a grant has taken longer than its window and all leniency"],
    ["return nothing;", "a set is given back that is no longer there"],
  ],
  "node-manager/rpc.ts": [
    ["return { fault: { code: faultCodes.noSuchMethod", "a client calls a method that there is not"],
    ["catch (error) { if (required)", "the socket can't be listened on"],
    ['options.log("rpc.no-socket"', "the socket can't be listened on"],
  ],
  "node-manager/slice.ts": [
    ["throw new SliceError(`malformed: ${field}", "a slice is new, and a field of it makes no sense"],
  ],
  "node-manager/slivers.ts": [
    ["return;", "a sliver that is to be destroyed is not there"],
    ["() => new Uint8Array()", "a sliver has no file of keys"],
  ],
  "node-manager/state.ts": [[").isIntact)", "the last state is not whole when the next one is saved"]],
  "node-manager/supervisor.ts": [["pauseMs = firstPauseMs;", "a sliver ends that has lasted"]],
  "verifier/compare.ts": [[': [{ kind: "surplus-key"', "a sliver has a key that PLC does not know"]],
  "verifier/main.ts": [
    ["catch (error) { if (signal.aborted)", "a node does not answer"],
    ['host.log("verifier.unanswered"', "a node does not answer"],
  ],
  "verifier/told.ts": [
    ["throw new Error(saysNo(", "a node, or PLC, answers with a fault"],
    ["function saysNo(", "a node, or PLC, answers with a fault"],
  ],
} as const;

/** They have no guards: PLC serves daemons of any kind. */
const withoutGuards = ["plc/", "classifier/", "collector/", "lease-agent/", "twice/", "guards.ts"];

/** A guard against a hang: it takes seven minutes of CPU. */
const timeout = 4_200_000;

test.runIf(byNight)("no code of a program runs only where a guard is off", { timeout }, async () => {
  const explained = [
    ...withoutGuards.map((where) => [where, ""] as const),
    ...Object.entries(consequences).flatMap(([file, those]) => those.map(([begins]) => [file, begins] as const)),
  ];
  const found = await unguarded(import.meta.dirname, join(import.meta.dirname, "../planetlab"), explained);
  expect(
    found.map(({ file, line, code, without, plan }) => `${file}:${line} ${code} (${plan} without ${without})`),
  ).toEqual([]);
});

const careless = `
  export const fallBack = (host) => host.log("fell-back");
  export const unlimited = () => ({ end() {} });
`;
const program = `
  import { fallBack, unlimited } from "./careless.ts";
  const limited = (host, ms) => ({ end: () => host.log("ended", { ms }) });
  export async function main(host, args) {
    const without = args.slice(args.indexOf("--without") + 1).join().split(",");
    const guards = { has: (name) => !without.includes(name) };
    const check = () => host.log("checked");
    const again = () => host.log("again");
    const isKnown = guards.has("by-name");
    const limitMs = guards.has("by-value") ? 5 : Infinity;
    const step = guards.has("plain") ? check : () => undefined;
    host.log("ready");
    for (;;) {
      if (guards.has("in-else")) check();
      else fallBack(host);
      (guards.has("in-or") && !check()) || again();
      if (!isKnown) host.log("unknown");
      (limitMs === Infinity ? unlimited() : limited(host, limitMs)).end();
      step();
      await host.clock.sleep(1000);
    }
  }
`;
const guards = ["in-else", "in-or", "by-name", "by-value", "plain"];

test("what it looks for is found, however it is written", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sinbin-naive-"));
  try {
    await writeFile(join(folder, "careless.ts"), careless);
    await writeFile(join(folder, "main.ts"), program);
    await writeFile(
      join(folder, "subject.yaml"),
      `{ subject: careful, guards: { ${guards.map((name) => `${name}: It checks.`).join(", ")} }, ready: { log: ready } }`,
    );
    const controls = guards.map((name) => `{ service: node, without: ${name}, fails: never node.exited }`);
    await writeFile(
      join(folder, "plan.yaml"),
      `{ plan: careful, services: { node: { program: ./main.ts } }, phases: [{ name: day, for: 5s, faults: [] }],
         expect: [{ never: node.exited }], controls: [${controls.join(", ")}] }`,
    );
    const found = await unguarded(join(folder, "plan.yaml"), folder);
    const told = found.map(({ without, file }) => `${without} in ${file}`);
    expect([...new Set(told)].toSorted()).toEqual([
      "by-name in main.ts",
      "by-value in main.ts",
      "in-else in careless.ts",
      "in-else in main.ts",
      "in-or in main.ts",
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

async function unguarded(
  plans: string,
  sources: string,
  explained: readonly (readonly [where: string, begins: string])[] = [],
): Promise<readonly Unguarded[]> {
  const search = join(import.meta.dirname, "unguarded.testing.ts");
  const args = [search, plans, sources, JSON.stringify(explained)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24 });
  return JSON.parse(stdout) as readonly Unguarded[];
}
