/** The whole program, as a process whom dig asks, and on simulated machines, where time passes as a test likes it. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Log } from "../../host/host.ts";
import type { Machine } from "../../host/sim/machine.ts";
import { createTestWorld, serverAddress } from "../../host/sim/pair.testing.ts";
import { main } from "./main.ts";

const run = promisify(execFile);
const start = fileURLToPath(new URL("../../host/start.ts", import.meta.url));
const program = fileURLToPath(new URL("main.ts", import.meta.url));

const long = ["a", "b", "c"].map((letter) => `"${letter.repeat(200)}"`).join(" ");
const zone = (serial: number): string => `$TTL 300
@ SOA ns hostmaster ${serial} 1h 10m 1w 1m
  NS ns
ns A 192.0.2.53
boot 5 A 192.0.2.1
www CNAME boot
fetch A link:fetch
long TXT ${long}
`;

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sinbin-dns-"));
  await writeFile(join(folder, "plc.zone"), zone(7));
});
afterEach(() => rm(folder, { recursive: true }));

interface Served extends AsyncDisposable {
  readonly port: number;
  /** Resolves with the line, or rejects when there will be none. */
  readonly said: (
    event: string,
    fields?: Readonly<Record<string, unknown>>,
  ) => Promise<Readonly<Record<string, unknown>>>;
  readonly hangUp: () => void;
  readonly exited: Promise<unknown>;
  /** What dig prints. */
  readonly dig: (...words: readonly string[]) => Promise<string>;
}

async function serve(...args: readonly string[]): Promise<Served> {
  const child = spawn(process.execPath, [start, program, "--listen", "0", ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: Readonly<Record<string, unknown>>[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(JSON.parse(line) as Readonly<Record<string, unknown>>);
    for (const look of waiting) look();
  });
  const exited = once(child, "exit").then(([code]) => code as unknown);
  const said: Served["said"] = (event, fields = {}) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines.find(
          (line) => line["event"] === event && Object.entries(fields).every(([key, value]) => line[key] === value),
        );
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      void exited.finally(() => reject(new Error(`it has ended, and said ${JSON.stringify(lines)}`))).catch(() => {});
    });
  const { ports } = (await said("ready")) as { readonly ports: readonly number[] };
  const [port = 0] = ports;
  return {
    port,
    said,
    exited,
    hangUp: () => void child.kill("SIGHUP"),
    dig: async (...words) =>
      (await run("dig", ["@127.0.0.1", "-p", String(port), "+time=10", "+tries=1", "+nocookie", ...words])).stdout,
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
    },
  };
}

const authority = () => serve("--zone", "plc.test=plc.zone", "--link", "fetch=198.18.0.3");

describe("dig", () => {
  test("hears addresses, aliases, and what a link stands for", async () => {
    await using server = await authority();
    expect(await server.dig("+short", "boot.plc.test")).toBe("192.0.2.1\n");
    expect(await server.dig("+short", "www.plc.test")).toBe("boot.plc.test.\n192.0.2.1\n");
    expect(await server.dig("+short", "fetch.plc.test")).toBe("198.18.0.3\n");
    const whole = await server.dig("+noall", "+comments", "+answer", "BOOT.plc.test");
    expect(whole).toMatch(/status: NOERROR/);
    expect(whole).toMatch(/flags: qr aa rd;/);
    expect(whole).toMatch(/^BOOT\.plc\.test\.\s+5\s+IN\s+A\s+192\.0\.2\.1$/m);
    expect(whole).toMatch(/EDNS: version: 0, flags:; udp: 1232/);
  });

  test("hears that there is none: no such name, no such record, no such zone", async () => {
    await using server = await authority();
    const soa = /^plc\.test\.\s+60\s+IN\s+SOA\s+ns\.plc\.test\. hostmaster\.plc\.test\. 7 3600 600 604800 60$/m;
    for (const [name, type, status] of [
      ["nope.plc.test", "A", "NXDOMAIN"],
      ["boot.plc.test", "AAAA", "NOERROR"],
    ] as const) {
      const said = await server.dig(name, type);
      expect(said).toContain(`status: ${status}`);
      expect(said).toContain("ANSWER: 0, AUTHORITY: 1");
      expect(said).toMatch(soa);
    }
    expect(await server.dig("other.test")).toContain("status: REFUSED");
  });

  test("is sent to TCP with what does not fit, and told in EDNS how much fits", async () => {
    await using server = await authority();
    expect(await server.dig("+noedns", "+ignore", "long.plc.test", "TXT")).toMatch(/flags: qr aa tc rd;/);
    const retried = await server.dig("+noedns", "long.plc.test", "TXT");
    expect(retried).toContain("Truncated, retrying in TCP mode");
    expect(retried).toContain(long);
    const large = await server.dig("+bufsize=1232", "+ignore", "long.plc.test", "TXT");
    expect(large).toMatch(/flags: qr aa rd;/);
    expect(large).toContain(long);
    expect(await server.dig("+tcp", "+short", "boot.plc.test")).toBe("192.0.2.1\n");
    expect(await server.dig("+edns=9", "+noednsnegotiation", "boot.plc.test")).toContain("status: BADVERS");
  });

  test("is told what is not done here", async () => {
    await using server = await authority();
    expect(await server.dig("+opcode=status", "boot.plc.test")).toContain("status: NOTIMP");
    expect(await server.dig("-c", "CH", "boot.plc.test")).toContain("status: REFUSED");
    expect(await server.dig("+notcp", "plc.test", "IXFR=3")).toContain("SOA");
  });

  test("hears records of types that are only bytes here, from a secondary as well", async () => {
    const own = String.raw`more HINFO "PDP-11" "UNIX"
more CAA 0 issue "ca.test"
more TLSA \# 5 030101AABB
more TYPE65280 \# 4 0A000001
`;
    await writeFile(join(folder, "plc.zone"), zone(7) + own);
    await using primary = await authority();
    await using secondary = await serve("--secondary", `plc.test=127.0.0.1:${primary.port}`);
    await secondary.said("zone.loaded");
    for (const server of [primary, secondary])
      for (const [type, data] of [
        ["HINFO", '"PDP-11" "UNIX"'],
        ["CAA", '0 issue "ca.test"'],
        ["TLSA", "3 1 1 AABB"],
        ["TYPE65280", String.raw`\# 4 0A000001`],
      ] as const)
        expect(await server.dig("+short", "more.plc.test", type)).toBe(`${data}\n`);
  });

  test("gets a whole zone, however large", async () => {
    const many = Array.from({ length: 2500 }, (_, n) => `host-${n} A 192.0.2.${n % 250}\n`).join("");
    await writeFile(join(folder, "plc.zone"), `${zone(7)}${many}`);
    await using server = await authority();
    expect(await server.dig("plc.test", "AXFR")).toContain("XFR size: 2508 records");
    expect(await server.dig("lab.test", "AXFR")).toContain("Transfer failed");
  });

  test("gets all of a zone whose records are so long that few fit into a message", async () => {
    const text = Array.from({ length: 16 }, () => `"${"t".repeat(250)}"`).join(" ");
    const many = Array.from({ length: 120 }, (_, n) => `host-${n} TXT ${text}\n`).join("");
    await writeFile(join(folder, "plc.zone"), `${zone(7)}${many}`);
    await using server = await authority();
    expect(await server.dig("plc.test", "AXFR")).toContain("XFR size: 128 records");
  });

  test("hears the same from a secondary and from one that asks another, and what is new after a HUP", async () => {
    await using primary = await authority();
    const from = `127.0.0.1:${primary.port}`;
    await using secondary = await serve("--secondary", `plc.test=${from}`, "--refresh", "20ms");
    await secondary.said("zone.loaded", { serial: 7, from: "primary" });
    await using forwarder = await serve("--upstream", `127.0.0.1:${secondary.port}`);
    expect(await forwarder.dig("+short", "www.plc.test")).toBe("boot.plc.test.\n192.0.2.1\n");
    expect(await forwarder.dig("+tcp", "+short", "fetch.plc.test")).toBe("198.18.0.3\n");
    await writeFile(join(folder, "plc.zone"), zone(8).replace("192.0.2.1", "192.0.2.2"));
    primary.hangUp();
    await secondary.said("zone.loaded", { serial: 8 });
    expect(await forwarder.dig("+short", "boot.plc.test")).toBe("192.0.2.2\n");
    await writeFile(join(folder, "plc.zone"), "boot A 1.2.3\n");
    primary.hangUp();
    expect(await primary.said("zone.refused")).toMatchObject({
      why: "plc.zone:1: write an IPv4 address, such as 192.0.2.1, or a link of the plan, such as link:fetch, not 1.2.3",
    });
    expect(await primary.dig("+short", "boot.plc.test")).toBe("192.0.2.2\n");
  });
});

test.each([
  { args: ["--zone", "plc.test"], why: "--zone plc.test: write what it is about, =, and a value" },
  { args: ["--zone", "plc.test=none.zone"], why: "none.zone: ENOENT" },
  { args: ["--zone", "plc.test=plc.zone"], why: "plc.zone: link:fetch leads nowhere: write --link fetch=ADDRESS" },
  { args: ["--listen", "x"], why: "--listen x: write a whole number from 0 to 65535" },
  { args: ["--upstream", "dns1"], why: "--upstream dns1: write a host and its port, such as dns1:53" },
])("a command line that is wrong is refused: $args", async ({ args, why }) => {
  const { server, ...world } = createTestWorld();
  server.disk.put("plc.zone", Buffer.from(zone(7)));
  const said: string[] = [];
  const exit = await world.time.pass(
    () => startOn(server, args, (_event, fields) => said.push(String(fields?.["why"]))).exited,
  );
  expect(exit).toMatchObject({ code: 2 });
  expect(said.join()).toContain(why);
});

function startOn(machine: Machine, args: readonly string[], log: Log) {
  const exited = Promise.withResolvers<unknown>();
  const started = machine.start({ main, args, seed: 1, log, identity: { authority: "none" }, onExit: exited.resolve });
  return { ...started, exited: exited.promise };
}

describe("a secondary", () => {
  const hour = 3_600_000;

  /** With a primary whose zone has this serial, and from then on another one. */
  async function scene(
    serials: readonly [number, number],
    waitMs: number,
    { reachable = true, times = "1h 10m 1w 1m" } = {},
  ) {
    const world = createTestWorld();
    const { server, time, machine } = world;
    const write = (serial: number): string => zone(serial).replace("1h 10m 1w 1m", times);
    const second = machine("second", "198.18.0.9");
    const asking = world.open(machine("asking", "198.18.0.10", [{ host: "198.18.0.9", port: 53 }]));
    server.disk.put("plc.zone", Buffer.from(write(serials[0]).replace(/link:fetch/, "192.0.2.3")));
    const said: string[] = [];
    const log: Log = (event, fields) =>
      void said.push(
        `${(time.now() / hour).toFixed(1)}h ${event} ${JSON.stringify(fields?.["serial"] ?? fields?.["why"] ?? "").replaceAll('"', "")}`.trim(),
      );
    return time.pass(async () => {
      const primary = startOn(server, ["--zone", "plc.test=plc.zone"], () => {});
      await asking.clock.sleep(100);
      startOn(second, ["--secondary", `plc.test=${serverAddress}:53`], log);
      await asking.clock.sleep(100);
      server.disk.put("plc.zone", Buffer.from(write(serials[1]).replace(/link:fetch/, "192.0.2.3")));
      primary.signal(reachable ? "HUP" : "KILL");
      await asking.clock.sleep(waitMs);
      const answer = await asking.network.resolve({ host: "boot.plc.test", port: 1 }).catch((error: unknown) => error);
      return { said: said.filter((line) => !line.includes("ready")), answer };
    });
  }

  test.each([
    { serials: [7, 8] as const, news: true },
    { serials: [7, 7] as const, news: false },
    { serials: [7, 6] as const, news: false },
    { serials: [2 ** 32 - 1, 1] as const, news: true },
  ])("takes what is newer by serial arithmetic, after `refresh`: $serials", async ({ serials, news }) => {
    const { said } = await scene(serials, 1.5 * hour);
    const [first, second] = serials;
    expect(said).toEqual([`0.0h zone.loaded ${first}`, ...(news ? [`1.0h zone.loaded ${second}`] : [])]);
  });

  test("is not kept busy by a SOA that says 0, and keeps nothing for longer than it says", async () => {
    const { said } = await scene([7, 8], 60_000, { reachable: false, times: "0 0 10s 0" });
    expect(said.length).toBeLessThan(20);
    expect(said.filter((line) => line.includes("expired"))).toHaveLength(1);
  });

  test("says nothing any more after `expire`, and be that before `refresh`", async () => {
    const { said } = await scene([7, 8], 0.9 * hour, { reachable: false, times: "1h 10m 30m 1m" });
    expect(said.filter((line) => line.includes("expired"))).toEqual([expect.stringMatching(/^0\.5h zone\.expired 7$/)]);
  });

  test("asks again after `retry`, and says nothing any more after `expire`", async () => {
    const { said, answer } = await scene([7, 8], 9 * 24 * hour, { reachable: false });
    expect(said.slice(0, 3)).toEqual([
      "0.0h zone.loaded 7",
      "1.0h zone.refresh.failed no answer within 5 s",
      "1.2h zone.refresh.failed no answer within 5 s",
    ]);
    expect(said.filter((line) => line.includes("expired"))).toEqual([
      expect.stringMatching(/^168\.\dh zone\.expired 7$/),
    ]);
    expect(answer).toMatchObject({ code: "ESERVFAIL" });
  });
});

test("who asks another one says SERVFAIL if that one is silent", async () => {
  const { server, machine, open, time } = createTestWorld();
  const asking = open(machine("asking", "198.18.0.10", [{ host: serverAddress, port: 53 }]));
  const answer = await time.pass(async () => {
    startOn(server, ["--upstream", "198.18.0.99:53"], () => {});
    await asking.clock.sleep(100);
    return asking.network.resolve({ host: "boot.plc.test", port: 1 }).catch((error: unknown) => error);
  });
  // The client is less patient by a moment than the server, and asks a second time.
  expect(answer).toMatchObject({ code: "ESERVFAIL" });
});
