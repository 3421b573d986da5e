/** A name server that asks one which is no service of the plan: it needs a world that leads there. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createRealHost } from "../../host/real.ts";
import { createAuthority } from "../../servers/dns/authority.ts";
import { parseMasterFile } from "../../servers/dns/master-file.ts";
import { serveNames } from "../../servers/dns/serve.ts";
import { createZone } from "../../servers/dns/zone.ts";

const main = fileURLToPath(new URL("../cli/main.ts", import.meta.url));
const wanted = "sometimes refused.count > 0";
const zone = "@ 5 SOA ns hostmaster 7 1h 10m 1w 1m\nboot 5 A 192.0.2.7\n";

test("faults act on what a server beyond the plan says, where it can be asked", async () => {
  const { findings } = await run("--no-isolation");
  // Whether so short a step comes in time is the machine's business.
  expect(findings).toContainEqual(expect.objectContaining({ expectation: wanted, verdict: "pass" }));
});

test("where nothing leads outside, such a plan is unknown, and says so", async () => {
  const { findings } = await run("--world", "sim");
  expect(findings).toContainEqual(
    expect.objectContaining({ verdict: "unknown", reason: expect.stringContaining("it needs outside (names asks") }),
  );
});

interface Judged {
  readonly findings: readonly { readonly verdict: string; readonly expectation: string; readonly reason: string }[];
}

async function run(...flags: readonly string[]): Promise<Judged> {
  const directory = await mkdtemp(join(tmpdir(), "sinbin-beyond-"));
  const host = createRealHost({ name: "beyond", directory, seed: 1 });
  const zones = new Map([["out.test", createZone("out.test", parseMasterFile(zone, "out.test").records)]]);
  await using server = await serveNames(host, 0, createAuthority(zones));
  try {
    const [plan, out] = [join(directory, "plan.yaml"), join(directory, "runs")];
    await writeFile(plan, planOf(server.port));
    const command = [main, "run", plan, "--out", out, ...flags];
    await promisify(execFile)(process.execPath, command, { cwd: directory }).catch(() => {});
    const [only = ""] = await readdir(out);
    return JSON.parse(await readFile(join(out, only, "beyond", "verdict.json"), "utf8")) as Judged;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const planOf = (port: number): string => `
plan: beyond
services:
  names: { dns: { upstream: "127.0.0.1:${port}" } }
  node:
    command: [bash, -c, "while true; do dig @$SINBIN_LINK_ASKED_HOST -p $SINBIN_LINK_ASKED_PORT boot.out.test | grep -e status: -e 192.0.2; sleep 0.1; done"]
links:
  asked: { from: node, to: names, proto: dns, port: 5353 }
observe:
  found: { service: node, line: "192.0.2.7", as: event }
  refused: { service: node, line: "NXDOMAIN", as: event }
phases:
  - { name: warm-up, until: found.count > 0, timeout: 30s }
  - name: gone
    until: refused.count > 0
    timeout: 30s
    faults: [{ dns.rcode: { code: nxdomain }, where: asked }]
expect:
  - ${wanted.replace(" ", ": ")}
`;
