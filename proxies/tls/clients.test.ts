/** What clients that are not ours make of each fault: curl, OpenSSL's own, and Python's. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createServer } from "node:tls";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAuthority } from "../../host/real/certificates.ts";
import { createRealHost } from "../../host/real.ts";
import { until } from "../../host/talk.testing.ts";
import { faults } from "../../faults/registry.ts";
import { startTlsProxy, type TlsProxy, type TlsProxyEvent } from "./proxy.ts";

const authority = await createAuthority();
const issued = await authority.issue(["localhost"]);
let folder = "";
const trusted = (): string => join(folder, "ca.pem");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sinbin-tls-"));
  await writeFile(trusted(), authority.certificate);
});
afterAll(() => rm(folder, { recursive: true }));

interface Scene extends AsyncDisposable {
  readonly proxy: TlsProxy;
  readonly port: number;
  readonly events: readonly TlsProxyEvent[];
  readonly inject: (kind: string, parameters?: object) => AsyncDisposable;
  readonly hits: readonly unknown[];
}

/** A server of Node's own behind the proxy: it answers each request and ends the connection, with what it was asked for. */
async function startScene({ alpn = ["h2", "http/1.1"], terminates = false } = {}): Promise<Scene> {
  const sockets = new Set<Socket>();
  const server = createServer(
    { key: issued.key, cert: issued.certificate, ALPNProtocols: alpn },
    (socket: TLSSocket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.once("data", () => {
        const body = `${String(socket.alpnProtocol)} ${String(socket.servername)}`;
        socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${body}`);
      });
    },
  );
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("a TCP server has an address");
  const events: TlsProxyEvent[] = [];
  const hits: unknown[] = [];
  const host = createRealHost({
    name: "proxy",
    directory: folder,
    seed: 1,
    identity: { authority: authority.certificate, issuer: authority },
    log: () => {},
  });
  const proxy = await startTlsProxy({
    host,
    listen: { host: "127.0.0.1", port: 0 },
    server: async () => ({ host: "127.0.0.1", port: bound.port }),
    names: ["localhost"],
    terminates,
    onEvent: (event) => events.push(event),
  });
  return {
    proxy,
    port: proxy.address.port,
    events,
    hits,
    inject(kind, parameters = {}) {
      const fault = faults.get(kind);
      if (fault?.plane !== "tls") throw new Error(`${kind} is no fault of tls`);
      const injection = { parameters: fault.parameters.parse(parameters), draw: () => 0 };
      return proxy.inject({ fault, ...injection, onHit: (hit) => hits.push(hit) });
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

interface Outcome {
  readonly code: number;
  readonly said: string;
}

async function run(command: string, args: readonly string[], input = ""): Promise<Outcome> {
  const child = spawn(command, args, { stdio: "pipe" });
  child.stdin.on("error", () => {});
  if (input !== "") child.stdin.write(input);
  const [said, complained, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code, said: `${said}${complained}` };
}

const curl = (port: number, ...args: readonly string[]): Promise<Outcome> =>
  run("curl", ["-sS", "--http1.1", "--cacert", trusted(), ...args, `https://localhost:${port}/`]);

const openssl = (port: number): Promise<Outcome> =>
  run(
    "openssl",
    [
      "s_client",
      "-connect",
      `127.0.0.1:${port}`,
      "-servername",
      "localhost",
      "-CAfile",
      trusted(),
      "-verify_return_error",
      "-verify_hostname",
      "localhost",
      "-quiet",
    ],
    "GET / HTTP/1.1\r\n\r\n",
  );

/** As versions of Python have it that end without close_notify. */
const pythonsEnd = "SSLEOFError|UNEXPECTED_EOF_WHILE_READING";

/** It looks for close_notify where it is told to. */
const python = (port: number): Promise<Outcome> =>
  run("python3", [
    "-c",
    `
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
# Some versions take any end for a good one.
context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
try:
    plain = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    with context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as secure:
        secure.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
        while True:
            got = secure.recv(4096)
            print(got)
            if not got: break
except OSError as error:
    print(type(error).__name__, error)
    sys.exit(1)
`,
    trusted(),
    String(port),
  ]);

test.each([
  { terminates: false, alpn: ["h2", "http/1.1"], args: [], says: "http/1.1 localhost" },
  { terminates: true, alpn: ["h2", "http/1.1"], args: [], says: "http/1.1 localhost" },
  { terminates: true, alpn: ["http/1.1"], args: ["--no-alpn"], says: "false localhost" },
])("curl is served, in the protocol that it offers: %j", async ({ terminates, alpn, args, says }) => {
  await using scene = await startScene({ terminates, alpn });
  expect(await curl(scene.port, ...args)).toEqual({ code: 0, said: says });
  expect(scene.events).toContainEqual({
    type: "handshake",
    connection: 1,
    servername: "localhost",
    alpn: args.length === 0 ? ["http/1.1"] : [],
    terminated: terminates,
    outcome: terminates ? "done" : "passed",
  });
});

/** What each client says of a handshake, and how it ends. */
interface Complaints {
  readonly curl: readonly [code: number, says: string];
  readonly openssl: string;
  readonly python: string;
}

/** All of them say the same of a certificate. */
const ofCertificate = (says: string): Complaints => ({ curl: [60, says], openssl: says, python: says });
const ofEnd: Complaints = {
  curl: [35, "SSL_ERROR_SYSCALL"],
  openssl: "unexpected eof while reading",
  python: pythonsEnd,
};

describe.each<[kind: string, parameters: object, expected: Complaints]>([
  ["tls.expired", {}, ofCertificate("certificate has expired")],
  ["tls.not-yet-valid", {}, ofCertificate("certificate is not yet valid")],
  [
    "tls.wrong-host",
    {},
    {
      curl: [60, "no alternative certificate subject name matches target host name 'localhost'"],
      openssl: "hostname mismatch",
      python: "Hostname mismatch, certificate is not valid for 'localhost'",
    },
  ],
  ["tls.unknown-ca", {}, ofCertificate("unable to get local issuer certificate")],
  ["tls.unknown-ca", { signed_by: "itself" }, ofCertificate("self-signed certificate")],
  [
    "tls.handshake-cut",
    {},
    { curl: [35, "Connection reset by peer"], openssl: "write:errno=104", python: "ConnectionResetError" },
  ],
  ["tls.handshake-cut", { by: "fin" }, ofEnd],
  ["tls.handshake-cut", { behind: "server-hello", by: "fin" }, ofEnd],
  [
    "tls.handshake-cut",
    // By RST it would depend on how far the client is when it hears of it.
    { behind: "server-flight", by: "fin" },
    { ...ofEnd, curl: [52, "Empty reply from server"] },
  ],
])("under %s %j", (kind, parameters, expected) => {
  test.each<[name: string, ask: (port: number) => Promise<Outcome>, code: number, says: string]>([
    ["curl", curl, ...expected.curl],
    ["openssl s_client", openssl, 1, expected.openssl],
    ["Python", python, 1, expected.python],
  ])("%s", async (_name, ask, expectedCode, says) => {
    await using scene = await startScene();
    scene.inject(kind, parameters);
    const { code, said } = await ask(scene.port);
    expect([code, said]).toEqual([expectedCode, expect.stringMatching(says)]);
    await until(() => scene.hits.length > 0);
    expect(scene.hits).toMatchObject([{ connection: 1, servername: "localhost" }]);
  });
});

describe("an end without close_notify", () => {
  test.each([
    { client: "openssl s_client", ask: openssl, whole: 0, says: "unexpected eof while reading" },
    { client: "Python", ask: python, whole: 0, says: pythonsEnd },
  ])("is seen by $client, which has all that was said before", async ({ ask, whole, says }) => {
    await using scene = await startScene({ terminates: true });
    expect((await ask(scene.port)).code).toBe(whole);
    scene.inject("tls.no-close-notify");
    const { code, said } = await ask(scene.port);
    expect([code, said]).toEqual([1, expect.stringMatching(says)]);
    expect(said).toContain("localhost");
    expect(scene.hits).toEqual([{ connection: 2, servername: "localhost" }]);
  });

  test("is none to curl, which takes a part for the whole", async () => {
    await using scene = await startScene();
    scene.inject("tls.no-close-notify", { after_bytes: "42B" });
    const { code, said } = await curl(scene.port);
    expect([code, said]).toEqual([0, "http"]);
  });
});

test("a client that does not look is served whatever certificate is shown", async () => {
  await using scene = await startScene();
  scene.inject("tls.expired");
  expect((await curl(scene.port, "--insecure")).said).toContain("localhost");
  expect(scene.hits).toEqual([{ connection: 1, servername: "localhost" }]);
});
