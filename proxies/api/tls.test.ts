/** Proxies of https and tls, and `leg`: judged by curl and by OpenSSL's own client. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAuthority, createAuthorityLater } from "../../host/real/certificates.ts";
import { startEcho, startTestApi, talkTo, type TestApi } from "./api.testing.ts";
import { all, listenOf, send } from "./extended.testing.ts";

const ofServer = await createAuthority("the server's authority");
const ours = createAuthorityLater("the proxies' authority");
let folder = "";
const serversCa = (): string => join(folder, "server.pem");
const proxysCa = (): string => join(folder, "proxy.pem");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sinbin-api-tls-"));
  await writeFile(serversCa(), ofServer.certificate);
});
afterAll(() => rm(folder, { recursive: true }));

/** `trusts`: the authority whose servers the proxies take; by default the right one. */
async function startApi({ trusts = ofServer.certificate } = {}): Promise<TestApi> {
  const api = await startTestApi({
    identity: { authority: trusts, issuer: ours },
    authority: () => ours.certificate(),
  });
  const { text: pem } = await api.call("GET", "/sinbin/authority.pem");
  await writeFile(proxysCa(), pem);
  return api;
}

interface Site extends AsyncDisposable {
  readonly address: string;
  /** What was asked for, with the server name that TLS was begun with. */
  readonly asked: readonly string[];
}

async function startSite(name = "localhost"): Promise<Site> {
  const { certificate: cert, key } = await ofServer.issue([name]);
  const asked: string[] = [];
  const server = createServer({ cert, key }, ({ url = "", socket }, response) => {
    asked.push(`${String("servername" in socket && socket.servername)}${url}`);
    response.end("hello");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Its exit code, and what it printed. */
async function run(command: string, words: readonly string[], input = ""): Promise<string> {
  const child = spawn(command, words);
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return `${code} ${out}${err}`;
}

const curl = (api: TestApi, ca: string, ...words: readonly string[]): Promise<string> =>
  curlFor("localhost", api, ca, ...words);

async function curlFor(name: string, api: TestApi, ca: string, ...words: readonly string[]): Promise<string> {
  const port = (await listenOf(api)).split(":").at(-1);
  const target = `https://${name}:${port}/a`;
  return run("curl", [
    "-sS",
    "--max-time",
    "60",
    "--noproxy",
    "*",
    "--cacert",
    ca,
    "-H",
    "Connection: close",
    ...words,
    target,
  ]);
}

const web = (site: Site, more: object = {}): object => ({
  proxy: { name: "web", proto: "https", upstream: site.address, ...more },
});

describe("a proxy of https", () => {
  test("leaves TLS to client and server until a fault needs to see what is inside, and afterwards again", async () => {
    await using api = await startApi();
    await using site = await startSite();
    await send(api, [web(site)]);
    expect(await curl(api, serversCa())).toBe("0 hello");
    const [status] = await send(api, [{ fault: { "http.status": { code: 503 }, where: "web" } }]);
    expect(status).toBe(200);
    expect(await curl(api, proxysCa(), "-o", "/dev/null", "-w", "%{http_code}")).toBe("0 503");
    expect(await curl(api, serversCa())).toMatch(/^60 .*certificate/s);
    expect((await all(api)).faults["http.status"]).toMatchObject({ hits: 1 });
    await send(api, [{ lift: "http.status" }]);
    expect(await curl(api, serversCa())).toBe("0 hello");
    const handshakes = api.events.filter(({ event }) => event === "tls.handshake").map(({ fields }) => fields);
    expect(handshakes).toMatchObject([
      { proxy: "web", servername: "localhost", terminated: false, outcome: "passed" },
      { terminated: true, outcome: "done" },
      { terminated: true },
      { terminated: false },
    ]);
  });

  test.each([
    ["tls.expired", {}, /^60 .*expired/s],
    ["tls.wrong_host", {}, /^60 .*(?:match|subject name)/s],
    ["tls.unknown_ca", {}, /^60 .*(?:issuer|self)/s],
    ["tls.handshake_cut", { by: "rst" }, /^35 /],
    ["tls.no_close_notify", {}, /^(?:0 hello|56 )/],
  ])("has %s", async (key, parameters, expected) => {
    await using api = await startApi();
    await using site = await startSite();
    await send(api, [web(site), { fault: { [key]: parameters, where: "web" } }]);
    expect(await curl(api, proxysCa())).toMatch(expected);
    expect((await all(api)).faults[key.replaceAll("_", "-")]).toMatchObject({ hits: 1 });
  });

  test("has all planes at once, and a connection that passed before the first of them is left in peace", async () => {
    await using api = await startApi();
    await using site = await startSite();
    await send(api, [web(site)]);
    const port = Number((await listenOf(api)).split(":").at(-1));
    const early = connect(port, "127.0.0.1");
    await once(early, "connect");
    const [status] = await send(api, [
      { fault: { "http.header": { name: "x-a", action: "set", value: "b" }, where: "web" } },
      { fault: { "tcp.latency": { delay: "1ms" }, where: "web", leg: "upstream" } },
      { fault: { "tls.not_yet_valid": {}, where: "web", nth: 2 } },
    ]);
    expect(status).toBe(200);
    expect(await curl(api, proxysCa(), "-D", "-")).toMatch(/^0 HTTP.*x-a: b.*hello$/is);
    expect(await curl(api, proxysCa())).toMatch(/^60 /);
    expect((await all(api)).faults).toMatchObject({
      "http.header": { hits: 1 },
      "tcp.latency": { hits: expect.any(Number) },
      "tls.not-yet-valid": { hits: 1 },
    });
    expect(early.closed).toBe(false);
    early.destroy();
  });

  test("asks the server by the name that it is given, whatever the address", async () => {
    await using api = await startApi();
    await using site = await startSite("site.test");
    const [status] = await send(api, [
      web(site, { names: ["site.test"] }),
      { fault: { "http.status": { code: 201, when: "after" }, where: "web" } },
    ]);
    expect(status).toBe(200);
    expect(await curl(api, proxysCa(), "-o", "/dev/null", "-w", "%{http_code}")).toBe("0 201");
    expect(site.asked).toEqual(["site.test/a"]);
    // By another name it is not who it should be.
    await send(api, [{ proxy: { name: "web", names: ["other.test"] } }]);
    expect(await curl(api, proxysCa())).toMatch(/^(?:35|52|56) /);
    const reason = expect.stringContaining("Write the server's own name first in the proxy's names");
    expect(api.events).toContainEqual({ event: "upstream.failed", fields: expect.objectContaining({ reason }) });
  });

  test.each([
    { is: "db.test", names: ["db.test"], asks: "localhost", passes: true },
    { is: "db.test", names: ["other.test", "db.test"], asks: "db.test", passes: true },
    { is: "db.test", names: ["other.test", "db.test"], asks: "localhost", passes: false },
    { is: "localhost", names: ["other.test"], asks: "localhost", passes: false },
  ])("checks that its server is whom names say, and no localhost besides: %j", async ({ is, names, asks, passes }) => {
    // TLS begins again behind the proxy of requests, or right behind where it ends.
    for (const fault of [{ "tls.no_close_notify": null }, { "http.wrong_type": null }]) {
      await using api = await startApi();
      await using site = await startSite(is);
      await send(api, [web(site, { names }), { fault: { ...fault, where: "web" } }]);
      const port = (await listenOf(api)).split(":").at(-1);
      const said = await curlFor(asks, api, proxysCa(), "--resolve", `${asks}:${port}:127.0.0.1`);
      expect([fault, said.includes("hello")]).toEqual([fault, passes]);
    }
  });

  test("asks a server at a bare address by localhost, if its client does", async () => {
    await using api = await startApi();
    await using site = await startSite();
    const upstream = site.address.replace("localhost", "127.0.0.1");
    await send(api, [web(site, { upstream }), { fault: { "tls.no_close_notify": null, where: "web" } }]);
    expect(await curl(api, proxysCa())).toContain("hello");
  });

  test("a server that is not to be trusted is a reset, and the reason is told", async () => {
    await using api = await startApi({ trusts: (await createAuthority("somebody else")).certificate });
    await using site = await startSite();
    await send(api, [web(site), { fault: { "http.status": { code: 503, when: "after" }, where: "web" } }]);
    expect(await curl(api, proxysCa())).toMatch(/^(?:35|52|56) /);
    expect(site.asked).toEqual([]);
    expect(api.events).toContainEqual({
      event: "upstream.failed",
      fields: {
        proxy: "web",
        connection: 1,
        code: expect.any(String),
        reason: expect.stringContaining("--upstream-ca FILE"),
      },
    });
  });
});

test("a proxy of tls takes whatever is inside: openssl s_client sees whose certificate it is shown", async () => {
  await using api = await startApi();
  await using site = await startSite();
  await send(api, [{ proxy: { name: "web", proto: "tls", upstream: site.address } }]);
  const look = async (ca: string): Promise<string> => {
    const listen = await listenOf(api);
    const words = ["s_client", "-connect", listen, "-servername", "localhost", "-CAfile", ca, "-ign_eof"];
    return run("openssl", words, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  };
  expect(await look(serversCa())).toMatch(/Verify return code: 0 .*hello/s);
  await send(api, [{ fault: { "tls.expired": {}, where: "web" } }]);
  expect(await look(proxysCa())).toContain("certificate has expired");
  const [status, { error }] = await send(api, [{ fault: { "http.wrong_type": null, where: "web" } }]);
  expect([status, error]).toEqual([400, expect.stringContaining("http.wrong-type can't act on web, which is tls")]);
});

describe("leg: upstream", () => {
  test("on tcp is between the proxy and the server, for connections from then on", async () => {
    await using api = await startApi();
    await using echo = await startEcho();
    await send(api, [{ proxy: { name: "web", upstream: echo.address } }]);
    using before = await talkTo(await listenOf(api));
    before.send("x");
    await before.until(1);
    await send(api, [{ fault: { "tcp.limit": { bytes: "1B" }, where: "web", leg: "upstream" } }]);
    using after = await talkTo(await listenOf(api));
    after.send("xy");
    expect(await after.ended).toBe("end");
    expect(after.got()).toBe("x");
    before.send("y");
    expect(await before.until(2)).toBe("xy");
    await send(api, [{ lift: "tcp.limit" }]);
    using lifted = await talkTo(await listenOf(api));
    lifted.send("xy");
    expect(await lifted.until(2)).toBe("xy");
  });

  test("a server that seems to refuse is told from one that hangs up", async () => {
    await using api = await startApi();
    await using echo = await startEcho();
    await send(api, [
      { proxy: { name: "web", upstream: echo.address } },
      { fault: { "tcp.refuse": null, where: "web", leg: "upstream" } },
    ]);
    using talk = await talkTo(await listenOf(api));
    expect(await talk.ended).toBe("ECONNRESET");
    expect((await all(api)).faults).toMatchObject({ "tcp.refuse": { hits: 1 } });
  });

  test.each([
    [{ "http.wrong_type": null, leg: "upstream" }, "leg: leave out leg: http faults have a place of their own"],
    [{ "tls.expired": null, direction: "upstream" }, "direction: leave out direction: a handshake is of both sides"],
    [{ "tcp.reset": null, match: { path: "/a" } }, "match.path: leave out path"],
    [{ "tcp.reset": null, leg: "server" }, "leg: write client or upstream"],
  ])("%j: %s", async (fault, complaint) => {
    await using api = await startTestApi();
    const { status, text: answer } = await api.call("POST", "/sinbin/faults", { ...fault, where: "web" });
    expect([status, JSON.parse(answer)]).toEqual([400, { status: 400, error: expect.stringContaining(complaint) }]);
  });
});
