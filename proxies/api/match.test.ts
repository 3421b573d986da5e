/** Faults for some clients, and for some servers' names: real sockets, from more than one address of loopback. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { connect as connectTls, createServer, type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createAuthority } from "../../host/real/certificates.ts";
import { startEcho, startTestApi } from "./api.testing.ts";
import { all, listenOf, send, startUdpEcho } from "./extended.testing.ts";

const portOf = (listen: string): number => Number(listen.split(":").at(-1));

async function echoed(listen: string, localAddress: string): Promise<string> {
  const socket = connect({ port: portOf(listen), host: "127.0.0.1", localAddress });
  socket.on("error", () => undefined).end("hello");
  const chunks = await socket.toArray().catch(() => []);
  return Buffer.concat(chunks).toString();
}

test("only the clients that are meant have the fault, and are counted", async () => {
  await using api = await startTestApi();
  await using echo = await startEcho();
  await send(api, [
    { proxy: { name: "web", upstream: echo.address } },
    { fault: { "tcp.limit": { bytes: "1B" }, where: "web", match: { client: "127.0.1.0/24" }, nth: 2 } },
  ]);
  const listen = await listenOf(api);
  const got: string[] = [];
  for (const address of ["127.0.0.1", "127.0.1.1", "127.0.0.1", "127.0.1.2", "127.0.1.1"])
    got.push(await echoed(listen, address));
  expect(got).toEqual(["hello", "hello", "hello", "h", "hello"]);
});

test("so it is with datagrams", async () => {
  await using api = await startTestApi();
  await using echo = await startUdpEcho();
  await send(api, [
    { proxy: { name: "dns", proto: "udp", upstream: echo.address } },
    { fault: { "udp.truncate": { size: "2B" }, where: "dns", match: { client: "127.0.1.1" } } },
  ]);
  const port = portOf(await listenOf(api, "dns"));
  for (const [address, expected] of [
    ["127.0.0.1", "hello"],
    ["127.0.1.1", "he"],
  ] as const) {
    const socket = createSocket("udp4").bind(0, address);
    await once(socket, "listening");
    socket.send("hello", port, "127.0.0.1");
    expect(String((await once(socket, "message"))[0])).toBe(expected);
    socket.close();
  }
});

test("and with requests, whose proxy has only its neighbour for a client", async () => {
  await using api = await startTestApi();
  await send(api, [
    { proxy: { name: "web", proto: "http", upstream: `127.0.0.1:${api.port}` } },
    { fault: { "http.status": { code: 418 }, where: "web", match: { client: "127.0.1.1", path: "/version" } } },
  ]);
  const port = portOf(await listenOf(api));
  const ask = async (localAddress: string, path: string): Promise<unknown> => {
    const [reply] = await once(
      request({ port, host: "127.0.0.1", localAddress, path, agent: false }).end(),
      "response",
    );
    reply.resume();
    return reply.statusCode;
  };
  expect(await ask("127.0.0.1", "/version")).toBe(200);
  expect(await ask("127.0.1.1", "/version")).toBe(418);
  expect(await ask("127.0.1.1", "/proxies")).toBe(200);
});

test("of handshakes, those are meant that ask for the server's name", async () => {
  const authority = await createAuthority();
  const names = ["a.test", "b.test"];
  const { certificate, key } = await authority.issue(names);
  const server = createServer({ cert: certificate, key }, (socket) => void socket.on("error", () => {}).end("hello"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  await using api = await startTestApi({ identity: { authority: authority.certificate, issuer: authority } });
  const upstream = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await send(api, [
    { proxy: { name: "web", proto: "tls", upstream, names } },
    { fault: { "tls.expired": null, where: "web", match: { servername: "B.*" }, nth: 2 } },
    { fault: { "tls.handshake_cut": null, where: "web", match: { servername: "c.test" } } },
  ]);
  const port = portOf(await listenOf(api));
  const ask = async (servername: string): Promise<string> => {
    const socket: TLSSocket = connectTls({ port, host: "127.0.0.1", servername, ca: authority.certificate });
    return socket.toArray().then(
      (chunks) => Buffer.concat(chunks).toString(),
      (error: NodeJS.ErrnoException) => String(error.code),
    );
  };
  const got: string[] = [];
  for (const name of ["a.test", "b.test", "a.test", "b.test", "b.test", "c.test"]) got.push(await ask(name));
  expect(got).toEqual(["hello", "hello", "hello", "CERT_HAS_EXPIRED", "hello", "ECONNRESET"]);
  expect((await all(api)).faults).toMatchObject({ "tls.expired": { hits: 1 }, "tls.handshake-cut": { hits: 1 } });
  server.close();
});

test.each([
  [
    { "tcp.reset": null, match: { path: "/a" } },
    "match.path: leave out path: it is for requests, and not for faults of tcp: write client",
  ],
  [{ "tcp.reset": null, match: { client: "10.0.0" } }, "match.client: write an address, such as 10.0.0.7"],
  [{ "tcp.reset": null, match: {} }, "match: write client"],
  [
    { "udp.blackhole": null, match: { port: 5 } },
    "match.port: there is no key port for faults of udp: there is client",
  ],
  [{ "ntp.drop": null, match: { qname: "a" } }, "it is for questions, and not for faults of ntp: write client"],
  [
    { "dns.loss": null, match: { path: "/a" } },
    "match.path: leave out path: it is for requests, and not for faults of dns: write one of qname, qtype, proto, client",
  ],
  [
    { "dns.loss": null, match: { name: "a" } },
    "match.name: there is no key name for faults of dns: did you mean qname?",
  ],
  [{ "dns.loss": null, match: {} }, "match: write one of qname, qtype, proto, client"],
  [{ "tls.expired": null, match: { sni: "a" } }, "there is no key sni for faults of tls: there are servername, client"],
  [
    { "tcp.refuse": null, match: { client: "10.0.0.1" } },
    "match: leave out match: this fault shuts the door, for everybody",
  ],
])("%j: %s", async (fault, complaint) => {
  await using api = await startTestApi();
  const { status, text } = await api.call("POST", "/sinbin/faults", { ...fault, where: "web" });
  expect([status, JSON.parse(text)]).toEqual([400, { status: 400, error: expect.stringContaining(complaint) }]);
});

test("a client that is no address is told of once", async () => {
  await using api = await startTestApi();
  const body = { "tcp.reset": null, match: { client: "foo" }, where: "web" };
  const { text } = await api.call("POST", "/sinbin/faults", body);
  const error = "match.client: write an address, such as 10.0.0.7, or a network, such as 10.0.0.0/24";
  expect(JSON.parse(text)).toEqual({ status: 400, error });
});
