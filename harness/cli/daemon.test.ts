/** `sinbin proxy` without addresses, as a stranger starts it: a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createSocket } from "node:dgram";
import { createServer, type AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, test } from "vitest";
import { main, openShell } from "./command.testing.ts";

const folder = mkdtempSync(join(tmpdir(), "sinbin-daemon-"));
afterAll(() => rmSync(folder, { recursive: true }));

const shell = openShell();
afterAll(() => shell[Symbol.asyncDispose]());

function fileOf(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

test.each(["SIGINT", "SIGTERM"] as const)(
  "it begins with what the config says, answers, tells where, and ends with 130 on %s",
  async (signal) => {
    const config = fileOf(
      "good.json",
      JSON.stringify([{ name: "db", upstream: "127.0.0.1:1", listen: "127.0.0.1:0", toxics: [{ type: "latency" }] }]),
    );
    const child = spawn(process.execPath, [
      main,
      "proxy",
      "--port",
      "0",
      "--config",
      config,
      "--metrics",
      "--seed",
      "3",
    ]);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<Record<string, unknown>> => JSON.parse(String((await lines.next()).value));
    expect(await next()).toMatchObject({ event: "proxy.listening", proxy: "db", upstream: "127.0.0.1:1" });
    const { api, ...listening } = await next();
    expect(listening).toEqual({ event: "listening", seed: 3 });
    const reply = await fetch(`http://${String(api)}/proxies/db/toxics`);
    expect(await reply.json()).toMatchObject([{ name: "latency_downstream" }]);
    expect(await (await fetch(`http://${String(api)}/metrics`)).text()).toContain("toxiproxy_proxy_sent_bytes_total");
    child.kill(signal);
    expect(await once(child, "exit")).toEqual([130, null]);
  },
);

test("links and faults in YAML are there from the first connection on", async () => {
  const config = fileOf(
    "good.yaml",
    [
      "links:",
      "  db: { listen: 127.0.0.1:0, upstream: 127.0.0.1:1 }",
      "  dns: { proto: udp, upstream: 127.0.0.1:1, enabled: false }",
      "faults:",
      "  - tcp.latency: { delay: 100ms, jitter: { normal: [0ms, 5ms] } }",
      "    where: db",
      "  - udp.loss: { probability: 50% }",
      "    name: lossy",
      "    where: all",
      "    for: 1h",
    ].join("\n"),
  );
  // As Toxiproxy's users write them, and as its image takes them.
  const child = spawn(process.execPath, [main, "-port=0", "-config", config, "-proxy-metrics", "-runtime-metrics"]);
  let api = "";
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as { readonly event: string; readonly api?: string };
    if (said.event !== "listening") continue;
    api = `http://${said.api}`;
    break;
  }
  const all = await (await fetch(`${api}/sinbin`)).json();
  expect(all).toMatchObject({
    proxies: {
      db: { proto: "tcp", faults: ["tcp.latency"] },
      dns: { proto: "udp", enabled: false, faults: ["lossy"] },
    },
    faults: { lossy: { where: ["dns"], for: "1h" } },
  });
  expect(await (await fetch(`${api}/metrics`)).text()).toContain("process_resident_memory_bytes");
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([130, null]);
});

test("interrupted while connects are unanswered, it closes its proxies, says so, and ends with 130", async () => {
  const config = fileOf(
    "silent.yaml",
    "links: { db: { listen: 127.0.0.1:0, upstream: 127.0.0.1:1 } }\nfaults: [{ tcp.unanswered: {}, where: db }]",
  );
  const child = spawn(process.execPath, [main, "proxy", "--port", "0", "--config", config]);
  const exited = once(child, "exit");
  const told: unknown[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const { event } = JSON.parse(line) as { readonly event: string };
    told.push(event);
    if (event === "listening") child.kill("SIGTERM");
  }
  expect(told).toEqual(["proxy.listening", "fault.inject", "listening", "proxy.closed"]);
  expect(await exited).toEqual([130, null]);
});

test("a fault of udp makes the one proxy one for datagrams", async () => {
  const echo = createSocket("udp4").bind(0, "127.0.0.1");
  await once(echo, "listening");
  echo.on("message", (bytes, { port, address }) => echo.send(bytes, port, address));
  const server = `127.0.0.1:${echo.address().port}`;
  const fault = "udp.truncate: { size: 2B }";
  const child = spawn(process.execPath, [main, "proxy", "0", server, "--fault", fault]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { address } = JSON.parse(String((await lines.next()).value)) as { readonly address: string };
  const client = createSocket("udp4");
  client.send("hello", Number(address.split(":").at(-1)), "127.0.0.1");
  expect(String((await once(client, "message"))[0])).toBe("he");
  client.close();
  echo.close();
  child.kill("SIGINT");
  expect(await once(child, "exit")).toEqual([130, null]);
});

test("a log that nobody reads stops nothing", async () => {
  const child = spawn(process.execPath, [main, "proxy", "--port", "0"]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { api } = JSON.parse(String((await lines.next()).value)) as { readonly api: string };
  child.stdout.pause();
  // More than a pipe holds, many times over.
  const name = "x".repeat(100_000);
  for (let n = 0; n < 60; n += 1) {
    const body = JSON.stringify({ name: `${n}${name}`, upstream: "127.0.0.1:1", listen: "127.0.0.1:0" });
    expect((await fetch(`http://${api}/proxies`, { method: "POST", body })).status).toBe(201);
  }
  expect((await fetch(`http://${api}/version`)).status).toBe(200);
  child.kill("SIGKILL");
  await once(child, "exit");
});

test("a log whose reader has gone stops nothing either", async () => {
  const child = spawn(process.execPath, [main, "proxy", "--port", "0"]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { api } = JSON.parse(String((await lines.next()).value)) as { readonly api: string };
  const told = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  child.stdout.destroy();
  const body = JSON.stringify({ name: "db", upstream: "127.0.0.1:1", listen: "127.0.0.1:0" });
  expect((await fetch(`http://${api}/proxies`, { method: "POST", body })).status).toBe(201);
  expect((await told.next()).value).toBe("sinbin: standard output can't be written: write EPIPE");
  expect((await fetch(`http://${api}/proxies/db`, { method: "DELETE" })).status).toBe(204);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([130, null]);
});

test("a port that is taken is told of, and what to do", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { code, err } = await shell.sinbin("proxy", "--port", String(port));
  expect([code, err]).toEqual([254, expect.stringContaining(`127.0.0.1:${port}: the control API can't listen there`)]);
  expect(err).toContain("stop what does (another sinbin proxy, or Toxiproxy), or write another --host or --port");
  const config = fileOf("taken.yaml", `links: { db: { upstream: a:1, listen: 127.0.0.1:${port} } }`);
  const json = fileOf("taken.json", `[{ "name": "db", "upstream": "a:1", "listen": "127.0.0.1:${port}" }]`);
  for (const file of [config, json])
    expect((await shell.sinbin("proxy", "--config", file)).err).toContain(
      "address already in use; stop what listens there",
    );
  expect((await shell.sinbin("proxy", "--host", "nowhere.invalid")).err).toContain("): write another --host or --port");
  server.close();
});

test.each([
  [["--config", "/nowhere.json"], "--config /nowhere.json: ENOENT"],
  [["--config", fileOf("text.json", "proxies: []")], "there is no key proxies here: there are links, faults"],
  [["--config", fileOf("nameless.json", `[{"upstream":"a:1"}]`)], "missing required field: name at proxy 1"],
  [
    ["--config", fileOf("bad.json", `[{"name":"x","upstream":"a:1","listen":"bad"}]`)],
    "missing port in address; write a listen such as",
  ],
  [
    ["--config", fileOf("toxic.json", `[{"name":"x","upstream":"a:1","toxics":[{"type":"noop"},{"type":"latenc"}]}]`)],
    "invalid toxic type of toxic 2 at proxy 1; write one of latency, bandwidth, ",
  ],
  [["--config", fileOf("empty.yaml", "")], "empty.yaml:1:1: the file is empty: write links"],
  [["--config", fileOf("key.yaml", "links: {}\nfault: []")], "key.yaml:2:1 fault: there is no key fault here"],
  [["--config", fileOf("up.yaml", "links: { db: { listen: a:1 } }")], "up.yaml:1:14 links.db: write its upstream"],
  [
    ["--config", fileOf("port.yaml", "links: { db: { upstream: db } }")],
    "port.yaml:1:26 links.db.upstream: write a host and a port from 1 to 65535, such as db.test:5432",
  ],
  [
    ["--config", fileOf("where.yaml", "links: { db: { upstream: a:1 } }\nfaults: [{ tcp.reset: {}, where: dbb }]")],
    "where.yaml:2:34 faults[0].where: fault tcp.reset: there is no proxy dbb",
  ],
  [
    [
      "--config",
      fileOf("unit.yaml", "links: { db: { upstream: a:1 } }\nfaults:\n - { tcp.latency: { delay: 5 }, where: db }"),
    ],
    "unit.yaml:3:28 faults[0].tcp.latency.delay: write a duration with its unit",
  ],
  [
    ["--config", fileOf("listen.yaml", "links: { db: { upstream: a:1, listen: bad } }")],
    "listen.yaml: listen tcp: address bad: missing port in address",
  ],
  [
    [
      "--config",
      fileOf(
        "whom.yaml",
        "links: { db: { upstream: a:1 } }\nfaults:\n - { tcp.unanswered: {}, where: db, probability: 0% }",
      ),
    ],
    "whom.yaml:3:50 faults[0].probability: leave out probability: this fault silences the door, for everybody",
  ],
  [["--udp"], "--udp: write between which addresses"],
  [["0", "db.test:1", "--fault", "udp.loss: { p: 5% }", "--fault", "tcp.reset: {}"], "write faults of one plane"],
  [["0", "db.test:1", "--udp", "--fault", "tcp.reset: {}"], "the proxy is one for udp (--udp)"],
  [["--fault", "tcp.refuse: {}"], "--fault: write between which addresses"],
  [["8080"], "8080: write where the server is as well"],
  [["0", "db.test:1", "--metrics"], "--metrics: it is for the control API"],
])("%j: %s", async (words, complaint) => {
  const { code, err } = await shell.sinbin("proxy", ...words);
  expect([code, err]).toEqual([254, expect.stringContaining(complaint)]);
});
