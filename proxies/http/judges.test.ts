/** Real clients and a real server, through the proxy: they must not be able to tell that it is there. */
import { execFile, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { faults } from "../../faults/registry.ts";
import type { HttpFault } from "../../faults/http/contract.ts";
import { realHost } from "./http.testing.ts";
import { startHttpProxy, type HttpProxy } from "./proxy.ts";

const run = promisify(execFile);
const large = randomBytes(3 * 1024 * 1024);
const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

interface Scene extends AsyncDisposable {
  readonly proxy: HttpProxy;
  readonly url: string;
  readonly server: Server;
  inject(kind: string, parameters: object): void;
}

async function start(): Promise<Scene> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => void answer(incoming, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const proxy = await startHttpProxy({
    host: realHost,
    listen: { host: "127.0.0.1", port: 0 },
    server: async () => ({ host: "127.0.0.1", port }),
    onEvent: () => {},
  });
  return {
    proxy,
    server,
    url: `http://127.0.0.1:${proxy.address.port}`,
    inject(kind, parameters) {
      const fault = faults.get(kind) as HttpFault;
      proxy.inject({ fault, parameters: fault.parameters.parse(parameters), draw: () => 0, onHit: () => {} });
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  if (incoming.url === "/large") {
    response.end(large);
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  response.setHeader("x-digest", digest(bytes));
  response.end(`${incoming.method} ${incoming.url} ${bytes.length}`);
}

// The one on this machine; its exit codes tell what it met.
const curl = async (...words: readonly string[]): Promise<{ code: number; out: Buffer }> =>
  run("curl", ["-sS", "--max-time", "20", ...words], { encoding: "buffer", maxBuffer: 16 * 1024 * 1024 }).then(
    ({ stdout }) => ({ code: 0, out: stdout }),
    ({ code, stdout }: { code: number; stdout: Buffer }) => ({ code, out: stdout }),
  );

describe("curl", () => {
  test("downloads, over one connection", async () => {
    await using scene = await start();
    const { code, out } = await curl(`${scene.url}/large`, `${scene.url}/a//b?c`);
    expect([code, digest(out.subarray(0, large.length)), String(out.subarray(large.length))]).toEqual([
      0,
      digest(large),
      "GET /a//b?c 0",
    ]);
  });

  test("uploads, by length and in chunks, with 100-continue", async () => {
    await using scene = await start();
    const form = ["-d", "x".repeat(100_000), "-H", "Expect: 100-continue"];
    expect(String((await curl(`${scene.url}/up`, ...form)).out)).toBe("POST /up 100000");
    const chunked = ["-T", "-", "-H", "Transfer-Encoding: chunked"];
    const child = spawn("curl", ["-sS", "--max-time", "20", ...chunked, `${scene.url}/put`]);
    child.stdin.end("piece after piece");
    expect(await text(child.stdout)).toBe("PUT /put 17");
  });

  test.each([
    ["http.abort", { when: "before" }, 56],
    ["http.abort", { when: "after", how: "close" }, 52],
    ["http.truncate", { after: "1kB", framing: "content-length-long" }, 18],
    ["http.truncate", { after: "1kB", framing: "chunked" }, 18],
    // It can't know that something is missing.
    ["http.truncate", { after: "1kB", framing: "close" }, 0],
    ["http.redirect-loop", { length: 2 }, 47],
    ["http.gzip-lie", { lie: "not-compressed" }, 61],
  ])("meets %s %j and says %i", async (kind, parameters, expected) => {
    await using scene = await start();
    scene.inject(kind, parameters);
    const { code } = await curl("-L", "--max-redirs", "5", "--compressed", "-o", "/dev/null", `${scene.url}/large`);
    expect(code).toBe(expected);
  });
});

test("Python's clients: http.client over one connection, and urllib", async () => {
  await using scene = await start();
  const script = `
import http.client, urllib.request, sys, hashlib
port = int(sys.argv[1])
one = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
for n in range(3):
    one.request("POST", "/x", body=iter([b"ab", b"cd"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
    print(one.getresponse().read().decode())
one.request("HEAD", "/h"); print(one.getresponse().read())
print(hashlib.sha256(urllib.request.urlopen(f"http://127.0.0.1:{port}/large", timeout=20).read()).hexdigest())
`;
  const { stdout } = await run("python3", ["-c", script, String(scene.proxy.address.port)]);
  expect(stdout).toBe(`${"POST /x 4\n".repeat(3)}b''\n${digest(large)}\n`);
});

describe("Node's client", () => {
  test("keeps its connections, with many requests at a time", async () => {
    await using scene = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const ask = async (n: number): Promise<string> => {
      const outgoing = request(`${scene.url}/${n}`, { agent, method: "POST" });
      outgoing.end(`${n}`.repeat(n));
      const [reply] = (await once(outgoing, "response")) as [IncomingMessage];
      return text(reply);
    };
    const numbers = Array.from({ length: 40 }, (_, n) => n);
    expect(await Promise.all(numbers.map(ask))).toEqual(numbers.map((n) => `POST /${n} ${`${n}`.length * n}`));
    agent.destroy();
  });

  test("upgrades to another protocol", async () => {
    await using scene = await start();
    scene.server.on("upgrade", (_incoming, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n");
      socket.pipe(socket);
    });
    const outgoing = request(`${scene.url}/`, { headers: { connection: "Upgrade", upgrade: "echo" } });
    outgoing.end();
    const [, socket] = (await once(outgoing, "upgrade")) as [unknown, Socket];
    socket.end("over and over");
    expect(await text(socket)).toBe("over and over");
  });

  test("hears of interim replies and trailers", async () => {
    await using scene = await start();
    scene.server.removeAllListeners("request").on("request", (_incoming, response) => {
      response.writeEarlyHints({ link: "</style.css>; rel=preload" });
      response.writeHead(200, { trailer: "x-sum" }).write("body");
      response.addTrailers({ "x-sum": "42" });
      response.end();
    });
    const outgoing = request(`${scene.url}/`);
    const hints: number[] = [];
    outgoing.on("information", ({ statusCode }) => hints.push(statusCode)).end();
    const [reply] = (await once(outgoing, "response")) as [IncomingMessage];
    expect([await text(reply), hints, reply.trailers]).toEqual(["body", [103], { "x-sum": "42" }]);
  });
});
