/** A name server that asks one which is no service of the plan: it needs a world that leads there. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
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
const zone = "@ 5 SOA ns hostmaster 7 1h 10m 1w 1m\nboot 5 A 192.0.2.7\n";

test.each([
  [["--no-isolation"], "pass: 1 passed"],
  [["--world", "sim"], "it needs outside (names asks 127.0.0.1:"],
])("faults act on what a server beyond the plan says: %j", async (flags, said) => {
  const directory = await mkdtemp(join(tmpdir(), "sinbin-beyond-"));
  const host = createRealHost({ name: "beyond", directory, seed: 1 });
  const zones = new Map([["out.test", createZone("out.test", parseMasterFile(zone, "out.test").records)]]);
  await using server = await serveNames(host, 0, createAuthority(zones));
  try {
    const plan = join(directory, "plan.yaml");
    await writeFile(plan, planOf(server.port));
    const done = promisify(execFile)(process.execPath, [main, "run", plan, ...flags], { cwd: directory });
    const { stdout } = await done.catch((error: unknown) => error as { readonly stdout: string });
    expect(stdout).toContain(said);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

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
  - sometimes: refused.count > 0
`;
