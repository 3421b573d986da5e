import { describe, expect, test } from "vitest";
import { dns } from "./dns.ts";
import { parseText, problemsIn } from "../plan.testing.ts";

const own = { "servers/dns/main.ts": "" };
const plan = (dns: string, links = "", services = ""): string => `
plan: p
services:
  node: { program: node.ts }
  plc: { command: [plc] }
  dns1: { dns: ${dns} }
${services}
links:
  fetch: { from: node, to: plc, proto: https, port: 443, name: boot.plc.test }
  names: { from: node, to: dns1, proto: dns }
${links}
phases: [{ name: storm, for: 60s }]
`;

const primary = "{ zones: { plc.test: { boot: { A: { link: fetch } } } } }";
const secondary = (dns: string): string => `  dns2: { dns: ${dns} }`;
const transfer = "  transfer: { from: dns2, to: dns1, proto: dns, name: primary.test }";

const parsed = async (text: string, files: Readonly<Record<string, string>> = {}) =>
  (await parseText(text, { ...own, ...files })).services;

describe("a name server of a plan", () => {
  test("is the built-in program, with its zones as files, and is told where links lead", async () => {
    const zones = `{ ttl: 1m, zones: { plc.test: { "@": { NS: ns, MX: [10 boot, 20 www] }, boot: { A: [{ link: fetch }, 192.0.2.1], ttl: 5s }, www.plc.test: { CNAME: boot }, "*.sites": { TXT: 'so "it" is' } } } }`;
    const { dns1 } = await parsed(plan(zones));
    expect(dns1).toMatchObject({
      program: "servers/dns/main.ts",
      args: ["--listen", "53", "--zone", "plc.test=plc.test.zone"],
      told: ["fetch"],
      zones: ["plc.test"],
    });
    expect(dns1).not.toHaveProperty("dns");
    expect(dns1?.files["plc.test.zone"]?.split("\n")).toEqual([
      "$ORIGIN plc.test.",
      "$TTL 60",
      "@ SOA @ hostmaster 1 1h 10m 1w 60",
      "plc.test. NS ns",
      "plc.test. MX 10 boot",
      "plc.test. MX 20 www",
      "boot.plc.test. 5 A link:fetch",
      "boot.plc.test. 5 A 192.0.2.1",
      "www.plc.test. CNAME boot",
      String.raw`*.sites.plc.test. TXT "so \"it\" is"`,
      "",
    ]);
  });

  test("has a SOA of its own, arguments, files and all else that a program has", async () => {
    const text = plan(`{ zones: { plc.test: { "@": { SOA: ns hostmaster 7 1h 10m 1w 1m } } } }`).replace(
      "dns1: { dns:",
      "dns1: { args: [--more], files: { more.txt: x }, env: { A: b }, restart: { after: 1s }, dns:",
    );
    const { dns1 } = await parsed(text);
    expect(dns1).toMatchObject({ env: { A: "b" }, restart: { after: 1000 } });
    expect(dns1?.args.slice(-1)).toEqual(["--more"]);
    expect(Object.keys(dns1?.files ?? {})).toEqual(["plc.test.zone", "more.txt"]);
    expect(dns1?.files["plc.test.zone"]).toContain("plc.test. SOA ns hostmaster 7 1h 10m 1w 1m");
  });

  test("takes zone files, whose origin the plan says or the file itself", async () => {
    const file = "$ORIGIN plc.test.\n$TTL 5m\n@ SOA ns hostmaster 7 1h 10m 1w 1m\nboot A link:fetch\n";
    const { dns1: single } = await parsed(plan("{ zone: ./plc.zone }"), { "plc.zone": file });
    expect(single).toMatchObject({ args: ["--listen", "53", "--zone", "plc.test=plc.test.zone"], told: ["fetch"] });
    expect(single?.files).toEqual({ "plc.test.zone": file });
    const { dns1: named } = await parsed(plan("{ zones: { plc.test: ./plc.zone } }"), { "plc.zone": file });
    expect(named?.files).toEqual({ "plc.test.zone": file });
  });

  test("is a secondary that finds its primary over a link, or asks another one", async () => {
    const { dns2 } = await parsed(plan(primary, transfer, secondary("{ secondary: { of: dns1, refresh: 30s } }")));
    expect(dns2).toMatchObject({
      args: ["--listen", "53", "--secondary", "plc.test=primary.test:53", "--refresh", "30000ms"],
      zones: ["plc.test"],
    });
    const { dns2: forwarder } = await parsed(plan(primary, transfer, secondary("{ upstream: dns1 }")));
    expect(forwarder).toMatchObject({ args: ["--listen", "53", "--upstream", "primary.test:53"], zones: ["plc.test"] });
  });
});

test("a name server may ask one beyond the plan, by its address or its name, over no link", async () => {
  const { dns1 } = await parsed(asking("8.8.8.8:53"));
  expect(dns1).toMatchObject({ args: ["--listen", "5353", "--upstream", "8.8.8.8:53"], beyond: "8.8.8.8:53" });
  expect((await parsed(asking("ns1.example.net:5300")))["dns1"]).toMatchObject({ beyond: "ns1.example.net:5300" });
});

function asking(upstream: string): string {
  return plan(`{ upstream: "${upstream}" }`).replace("proto: dns }", "proto: dns, port: 5353 }");
}

describe("one mistake, one sentence", () => {
  const withZone = (names: string): string => plan(`{ zones: { plc.test: ${names} } }`);

  test.each([
    [
      withZone("{ boot: { A: 1.2.3 } }"),
      "dns.zones.plc.test.boot.A: write an IPv4 address, such as 192.0.2.1, or { link: fetch }, not 1.2.3",
    ],
    [withZone("{ boot: { A: { link: fetsh } } }"), "boot.A.link: there is no link fetsh: did you mean fetch?"],
    [withZone("{ boot: { MX: mail } }"), "boot.MX: write MX and 2 of: 10 mail, not mail"],
    [withZone("{ boot: {} }"), "boot: write what the name has, such as A: 192.0.2.1"],
    [
      withZone("{ boot: { CNAME: www, A: 192.0.2.1 } }"),
      "boot.CNAME: leave out CNAME, or all else: boot.plc.test has other records as well",
    ],
    [withZone("{ boot: { SOA: ns hostmaster 7 1h 10m 1w 1m } }"), 'boot.SOA: write the SOA at "@"'],
    [withZone("{ boot: { AA: 192.0.2.1 } }"), "there is no key AA here: did you mean A?"],
    [withZone("{ boot: { A: 192.0.2.1, ttl: 5 } }"), "ttl: write a duration with its unit"],
    [
      plan("{}"),
      "services.dns1.dns: write where it has its names from: exactly one of zones, zone, secondary and upstream",
    ],
    [plan("{ zone: ./none.zone }"), "services.dns1.dns.zone: there is no file ./none.zone"],
    [plan("{ zone: ./bad.zone }"), "bad.zone:2:1: write a type of records, one of A"],
    [plan("{ zone: ./no-soa.zone }"), "no-soa.zone:1:1: write a SOA"],
    [plan("{ upstream: dns1 }"), "upstream: write another service: dns1 can't ask itself"],
    [plan("{ upstream: 8.8.8.8 }"), "upstream: write a service, or an address beyond the plan, such as 192.0.2.1:53"],
    [plan('{ upstream: "8.8.8.8:0" }'), "upstream: write a port from 1 to 65535 behind the host, not 0"],
    [
      plan('{ upstream: "8.8.8.8:53" }'),
      "upstream: write another port than 53 for names, such as port: 5353, and let node ask $SINBIN_LINK_NAMES_HOST at $SINBIN_LINK_NAMES_PORT: 8.8.8.8:53 is beyond the plan, which runs with --no-isolation only, where a resolv.conf of its own and port 53 can't be had",
    ],
    [
      plan(primary, "", secondary("{ secondary: { of: dns1 } }")),
      "secondary.of: write a link on which dns2 asks dns1, such as transfer: { from: dns2, to: dns1, proto: dns }",
    ],
    [plan(primary, transfer, secondary("{ secondary: { of: dns3 } }")), "secondary.of: there is no service dns3"],
    [
      plan(primary, "  other: { from: dns2, to: plc, proto: dns }", secondary("{ secondary: { of: plc } }")),
      "write zones, such as zones: [plc.test]: nothing says which ones plc has",
    ],
    [
      plan(primary).replace("program: node.ts", "program: node.ts, dns: { upstream: dns1 }"),
      "services.node: write what to run: exactly one of",
    ],
    [
      plan(primary).replace("command: [plc]", "command: [plc], resolver: { attempts: 1 }"),
      "services.plc.resolver: write a link of proto: dns that comes from plc, or leave out resolver",
    ],
    [
      plan(primary).replace("node.ts }", "node.ts, resolver: { timeout: 10ms } }"),
      "resolver.timeout: write 1s or more",
    ],
    [
      plan(primary).replace("node.ts }", "node.ts, copies: 2 }"),
      "boot.A.link: fetch stands for fetch_1 and fetch_2: write the one that is meant, such as fetch_2",
    ],
  ])("%#", async (text, message) => {
    const files = {
      ...own,
      "bad.zone": "$TTL 5\na FOO x\n",
      "no-soa.zone": "$ORIGIN plc.test.\n$TTL 5\na A 192.0.2.1\n",
    };
    expect((await problemsIn(text, files)).join("\n")).toContain(message);
  });

  test("an address may be written as a link, which must be there", async () => {
    expect(await problemsIn(withStep("link:fetch"), own)).toEqual([]);
    expect(await problemsIn(withStep("{ cycle: ['link:fetch', 'link:fetsh'] }"), own)).toEqual([
      expect.stringContaining("captive_portal.address.cycle[1]: there is no link fetsh: did you mean fetch?"),
    ]);
    expect((await problemsIn(withStep("here"), own)).join()).toContain("or a link of the plan, such as link:fetch");
  });

  test("faults of a resolver need somebody who asks", async () => {
    const text = plan(primary).replace("for: 60s }", "for: 60s, faults: [{ resolver.truncate: {}, where: plc }] }");
    expect(await problemsIn(text, own)).toEqual([
      expect.stringContaining("write a link of proto: dns that comes from plc: it asks no name server"),
    ]);
    expect(await problemsIn(text.replace("where: plc", "where: node"), own)).toEqual([]);
  });
});

const move = (path: string) => path.replace("./", "suites/");

test("a plan that is written out elsewhere names its zone files from there", () => {
  const moved = dns.moved?.({ zones: { "plc.test": "./plc.zone", "lab.test": { boot: { A: "192.0.2.1" } } } }, move);
  expect(moved).toEqual({ zones: { "plc.test": "suites/plc.zone", "lab.test": { boot: { A: "192.0.2.1" } } } });
  expect(dns.moved?.({ zone: "./plc.zone" }, move)).toEqual({ zone: "suites/plc.zone" });
});

function withStep(address: string): string {
  const step = `dns.captive_portal: { address: ${address} }, where: names`;
  return plan(primary).replace("for: 60s }", `for: 60s, faults: [{ ${step} }] }`);
}

test("a link of copies has an address for each, and a zone tells everybody the same", async () => {
  const text = `plan: p
services:
  plc: { command: [plc] }
  node: { command: [node], copies: 3 }
  dns1: { dns: { zones: { plc.test: { boot: { A: { link: fetch } } } } } }
links:
  fetch: { from: node, to: plc, proto: https, port: 443, name: boot.plc.test }
  names: { from: node, to: dns1, proto: dns }
phases: [{ name: a, for: 1s }]
`;
  expect(await problemsIn(text, { "servers/dns/main.ts": "" })).toEqual([
    "plan.yaml:5:58 services.dns1.dns.zones.plc.test.boot.A.link: fetch stands for fetch_1 to fetch_3: write the one that is meant, such as fetch_2, if only that copy asks for this name: a zone tells everybody the same address; else leave the name out, so that each copy has it in its hosts file",
  ]);
});
