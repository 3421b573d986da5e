/** `sinbin proxy` as a stranger uses it: a process of its own, between a real client and a real server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect as connectTcp, createServer as createTcpServer, type AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { afterAll, expect, test } from "vitest";
import { dig, startServer } from "../../proxies/dns/dns.testing.ts";
import { chronyd, startScene as startTimeScene } from "../../proxies/ntp/ntp.testing.ts";
import { main, openShell } from "./command.testing.ts";

const shell = openShell();
afterAll(() => shell[Symbol.asyncDispose]());

const mebibyte = 1024 * 1024;
/** Stays for the next connections that are busy. */
const keptForReads = 64 * mebibyte;

test("it passes on what comes, with its faults, and tells of both until it is interrupted", async () => {
  const server = createServer((_request, response) => void response.end("hello")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const flags = [
    "--fault",
    "tcp.latency: { delay: 1ms }",
    "--fault",
    "tcp.slicer: { size: 1B }",
    "--fault",
    "http.wrong-type:",
  ];
  const child = spawn(process.execPath, [main, "proxy", "0", `127.0.0.1:${port}`, ...flags]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Record<string, unknown>> => JSON.parse(String((await lines.next()).value));

  const { address, ...listening } = await next();
  expect([listening, String(address)]).toEqual([
    { event: "listening", server: `127.0.0.1:${port}` },
    expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  ]);
  const reply = await fetch(`http://${String(address)}/`, { headers: { connection: "close" } });
  expect([await reply.text(), reply.headers.get("content-type")]).toEqual(["hello", "text/html; charset=iso-8859-1"]);
  const told = [];
  for (let event = await next(); event["event"] !== "connection.close"; event = await next()) told.push(event["event"]);
  expect(told).toContain("connection.open");
  expect(told.filter((event) => event === "fault.hit")).toHaveLength(3);
  child.kill("SIGINT");
  expect(await once(child, "exit")).toEqual([130, null]);
  server.close();
});

test("with a fault of TLS it says whose certificates it shows, and shows the one that the fault makes", async () => {
  const child = spawn(process.execPath, [main, "proxy", "0", "localhost:1", "--fault", "tls.expired:"]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { address, authority } = JSON.parse(String((await lines.next()).value)) as Readonly<Record<string, string>>;
  const client = connect({ port: Number(address?.split(":").at(-1)), ca: [authority ?? ""], servername: "localhost" });
  expect(await once(client, "error")).toMatchObject([{ code: "CERT_HAS_EXPIRED" }]);
  child.kill("SIGINT");
  expect(await once(child, "exit")).toEqual([130, null]);
});

/** A proxy in front of a server of this machine, and the lines that it tells. */
async function startOne(upstream: number, ...flags: readonly string[]) {
  const child = spawn(process.execPath, [main, "proxy", "0", `127.0.0.1:${upstream}`, ...flags]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (event: string): Promise<Readonly<Record<string, unknown>>> => {
    const told = JSON.parse(String((await lines.next()).value)) as Readonly<Record<string, unknown>>;
    return told["event"] === event ? told : next(event);
  };
  const { address } = await next("listening");
  return {
    port: Number(String(address).split(":").at(-1)),
    next,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

test("one for dns needs no fault, and tells of each message, over udp and tcp", async () => {
  await using server = await startServer();
  await using names = await startOne(server.port, "--dns");
  expect((await dig(names.port, "+short", "boot.test")).said).toBe("10.0.0.2\n");
  expect(await names.next("dns.query")).toMatchObject({ transport: "udp" });
  expect(await names.next("dns.reply")).toMatchObject({ message: expect.stringContaining("10.0.0.2") });
  expect((await dig(names.port, "+tcp", "+short", "boot.test")).said).toBe("10.0.0.2\n");
  expect(await names.next("dns.query")).toMatchObject({ transport: "tcp" });
});

test("a fault says whom it meets, as in a plan", async () => {
  await using server = await startServer();
  const fault = "dns.rcode: { code: servfail }, match: { qname: boot.test }, nth: 2";
  await using names = await startOne(server.port, "--fault", fault);
  const statuses = [];
  for (const name of ["boot.test", "plc.test", "plc.test", "boot.test", "boot.test"])
    statuses.push(/status: (\w+)/.exec((await dig(names.port, name)).said)?.[1]);
  expect(statuses).toEqual(["NOERROR", "NOERROR", "NOERROR", "SERVFAIL", "NOERROR"]);
});

test("one for ntp needs no fault, and tells of each packet", async () => {
  await using scene = await startTimeScene();
  await using time = await startOne(scene.server.port, "--ntp");
  // How long a busy machine leaves a packet lying is no error of the proxy's.
  expect((await chronyd(time.port)).offset).toBeCloseTo(0, 0);
  expect(await time.next("ntp.reply")).toMatchObject({ packet: expect.stringContaining("Stratum 2") });
});

test.each(["tcp.refuse", "tcp.unanswered"])(
  "with %s nobody can connect, and it lives on until it is interrupted",
  async (kind) => {
    const child = spawn(process.execPath, [main, "proxy", "0", "localhost:1", "--fault", `${kind}:`]);
    const exited = once(child, "exit");
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect(JSON.parse(String((await lines.next()).value))).toMatchObject({ event: "listening" });
    child.kill("SIGTERM");
    expect(await exited).toEqual([130, null]);
  },
);

test.each([
  ["", "--max-semi-space-size=8"],
  ["--max-semi-space-size=16", "--max-semi-space-size=16"],
])("given Node's %j, its young generation is small from the start: %s", async (given, expected) => {
  const words = [...given.split(" ").filter(Boolean), main, "proxy", "0", "localhost:1"];
  const child = spawn(process.execPath, words);
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect(JSON.parse(String((await lines.next()).value))).toMatchObject({ event: "listening" });
  const command = readFileSync(`/proc/${child.pid}/cmdline`, "utf8").split("\0");
  expect(command.filter((word) => word.includes("semi-space"))).toEqual([expected]);
  child.kill("SIGTERM");
  expect(await exited).toEqual([130, null]);
});

function residentBytes(pid: number | undefined): number {
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

test("what many clients that don't read have had under way is given back to the kernel when they are gone", async () => {
  const much = Buffer.alloc(1024 * 1024);
  const server = createTcpServer((socket) => {
    const flood = (): void => void (socket.writable && socket.write(much, flood));
    socket.on("error", () => undefined);
    flood();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const upstream = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const child = spawn(process.execPath, [main, "proxy", "0", upstream, "--fault", "tcp.latency: { delay: 10m }"]);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, "line")) as [string];
  const { address } = JSON.parse(line) as { readonly address: string };
  const before = residentBytes(child.pid);
  const clients = Array.from({ length: 4 }, () => connectTcp(Number(address.split(":").at(-1)), "127.0.0.1"));
  await Promise.all(clients.map((client) => once(client, "connect")));
  // The test's own time limit is the hang guard of both.
  while (residentBytes(child.pid) < before + 200 * mebibyte) await sleep(20);
  for (const client of clients) client.resetAndDestroy();
  while (residentBytes(child.pid) > before + keptForReads + 40 * mebibyte) await sleep(20);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([130, null]);
  server.close();
}, 120_000);

test.each([
  [["80x", "db.test:1"], "80x: write a host and a port"],
  [["99999999", "db.test:1"], "99999999: write a whole number from 0 to 65535"],
  [["0", "db.test"], "db.test: write a host and a port"],
  [["0", "db.test:1", "--fault", "tcp.latencey: {}"], "did you mean tcp.latency?"],
  [
    ["0", "db.test:1", "--fault", "ntp.kod:"],
    "did you mean ntp.kiss-of-death?; write it as in a plan, such as 'ntp.kiss_of_death: { code: RATE }'",
  ],
  [["0", "db.test:1", "--fault", "nothing: {}"], "name one fault of links"],
  [
    ["0", "db.test:1", "--fault", "ntp.offset: { by: 40 }"],
    "--fault ntp.offset: { by: 40 }: by: write a duration with its unit, such as 40s, or -40s for one that goes back; write it as in a plan, such as 'ntp.offset: { by: -3s }'",
  ],
  [
    ["0", "db.test:1", "--fault", "dns.rcode: { rcode: servfail }"],
    "rcode: there is no key rcode here: did you mean code?",
  ],
  [["0", "db.test:1", "--fault", "http.status: { code: 101 }"], "code: write another status, such as 100 or 503"],
  [
    ["0", "db.test:1", "--fault", "ntp.root: {}"],
    ": write at least one of delay and dispersion, such as dispersion: 10s",
  ],
  [["0", "db.test:1", "--fault", "dns.rcode: {}"], ": write exactly one of code and number, such as code: servfail"],
  [["0", "db.test:1", "--fault", "ntp.step: {}"], ": write exactly one of by and to, such as by: 40s; write it"],
  [["0", "db.test:1", "--fault", "tcp.latency: { delay: 3 }"], "delay: write a duration with its unit"],
  [
    ["0", "db.test:1", "--fault", "tcp.stranger: { to: link:other }"],
    "to: write an address: link:other is a link of a plan, and here is none",
  ],
  [
    ["0", "db.test:1", "--fault", "process.kill:"],
    "process.kill acts on services, and a proxy has none: write a fault of links, such as 'tcp.latency: { delay: 100ms }'",
  ],
  [
    ["0", "db.test:1", "--fault", "dns.slow: {}"],
    "--fault dns.slow: {}: by: this is missing: write a duration with its unit, such as 250ms, 3s or 2m; write it as in a plan, such as 'dns.slow: { by: 6s }'",
  ],
  [
    ["0", "db.test:1", "--fault", "dns.blackhol:"],
    "did you mean dns.blackhole?; write it as in a plan, such as 'dns.blackhole: {}'",
  ],
  [["0", "db.test:1", "--fault", "ntp.nothing: {}"], "write it as in a plan, such as 'ntp."],
  [
    ["0", "db.test:1", "--fault", "tls.expired:", "--upstream-ca", "/nowhere.pem"],
    "--upstream-ca /nowhere.pem: ENOENT",
  ],
  [["0", "db.test:1", "--upstream-ca", "package.json"], "there is no certificate in it: write a file of certificates"],
  [["0", "db.test:1", "--tls", "--fault", "udp.blackhole:"], "udp.blackhole acts on datagrams, and TLS goes over tcp"],
  [["0", "db.test:1", "--ntp", "--fault", "dns.empty:"], "--fault dns.empty: the proxy is one for ntp (--ntp)"],
  [["0", "db.test:1", "--ntp", "--dns"], "--dns --ntp: the proxy is one of them: leave the other out"],
  [["--dns"], "--dns: write between which addresses"],
  [
    ["0", "db.test:1", "--fault", "dns.empty: {}, nnth: 3"],
    "nnth: there is no key nnth here: did you mean nth?; write it as in a plan, such as 'dns.empty: {",
  ],
  [
    ["0", "db.test:1", "--fault", "dns.refuse:, nth: 3"],
    "nth: leave out nth: this fault shuts the port, for everybody",
  ],
  [
    ["0", "db.test:1", "--fault", "dns.cut:, match: { path: /x }"],
    "match.path: leave out path: it is for requests, and not for faults of dns: write one of qname, qtype, proto, client",
  ],
  [["0", "db.test:1", "--fault", "dns.empty:, dns.cut:"], "write exactly one fault"],
])("%j: %s", async (words, complaint) => {
  const { code, err } = await shell.sinbin("proxy", ...words);
  expect([code, err]).toEqual([254, expect.stringContaining(complaint)]);
});
