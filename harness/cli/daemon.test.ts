/** `sinbin proxy` without addresses, as a stranger starts it: a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, test } from "vitest";
import { main, sinbin } from "./command.testing.ts";

const folder = mkdtempSync(join(tmpdir(), "sinbin-daemon-"));
afterAll(() => rmSync(folder, { recursive: true }));

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

test("a port that is taken is told of, and what to do", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { code, err } = sinbin("proxy", "--port", String(port));
  expect([code, err]).toEqual([254, expect.stringContaining(`127.0.0.1:${port}: the control API can't listen there`)]);
  expect(err).toContain("write another --host or --port");
  server.close();
});

test.each([
  [["--config", "/nowhere.json"], "--config /nowhere.json: ENOENT"],
  [["--config", fileOf("text.json", "proxies: []")], "there is no key proxies here: there are links, faults"],
  [["--config", fileOf("nameless.json", `[{"upstream":"a:1"}]`)], "missing required field: name at proxy 1"],
  [["--config", fileOf("bad.json", `[{"name":"x","upstream":"a:1","listen":"bad"}]`)], "missing port in address"],
  [["--fault", "tcp.refuse: {}"], "--fault: write between which addresses"],
  [["8080"], "8080: write where the server is as well"],
  [["0", "db.test:1", "--metrics"], "--metrics: it is for the control API"],
])("%j: %s", (words, complaint) => {
  const { code, err } = sinbin("proxy", ...words);
  expect([code, err]).toEqual([254, expect.stringContaining(complaint)]);
});
