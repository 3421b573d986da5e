/** The API below `/sinbin`: real sockets, real HTTP. */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import { createManualClock } from "../tcp/link.testing.ts";
import { startEcho, startServer, startTestApi, talkTo, type TestApi } from "./api.testing.ts";

interface Shown {
  readonly listen: string;
  readonly enabled: boolean;
  readonly faults: readonly string[];
  readonly toxics: readonly object[];
  readonly opened: number;
  readonly traffic: Readonly<Record<"upstream" | "downstream", { readonly received: number }>>;
  readonly connections: readonly {
    readonly connection: number;
    readonly client: string;
    readonly hits: readonly string[];
  }[];
}

interface All {
  readonly proxies: Readonly<Record<string, Shown>>;
  readonly faults: Readonly<Record<string, { readonly hits: number }>>;
  readonly error: string;
}

async function send(api: TestApi, changes: readonly object[]): Promise<[number, All]> {
  const { status, text } = await api.call("POST", "/sinbin/changes", changes);
  return [status, JSON.parse(text) as All];
}

async function all(api: TestApi): Promise<All> {
  return JSON.parse((await api.call("GET", "/sinbin")).text) as All;
}

async function listenOf(api: TestApi, name = "web"): Promise<string> {
  return (await all(api)).proxies[name]?.listen ?? "";
}

const latency = { "tcp.latency": { delay: "60ms" }, where: "web" };

async function startUdpEcho(): Promise<{ readonly address: string } & AsyncDisposable> {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, { port, address }) => socket.send(bytes, port, address));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const close = async (): Promise<void> => void socket.close();
  return { address: `127.0.0.1:${socket.address().port}`, [Symbol.asyncDispose]: close };
}

function udpClient(listen: string): UdpSocket & AsyncDisposable {
  const socket = createSocket("udp4");
  socket.connect(Number(listen.split(":").at(-1)), "127.0.0.1");
  return Object.assign(socket, { [Symbol.asyncDispose]: async () => void socket.close() });
}

/** How each of 16 connections ended. */
async function met(seed: number): Promise<readonly string[]> {
  await using api = await startTestApi({ seed });
  await using echo = await startEcho();
  await send(api, [
    { proxy: { name: "web", upstream: echo.address } },
    { fault: { "tcp.limit": { bytes: "0B" }, where: "web", probability: "50%" } },
  ]);
  const listen = await listenOf(api);
  const ends: string[] = [];
  for (let n = 0; n < 16; n += 1) {
    using talk = await talkTo(listen);
    talk.send("x");
    ends.push(await Promise.race([talk.until(1), talk.ended]));
  }
  return ends;
}

async function follow(api: TestApi, headers = ""): Promise<{ until(text: string): Promise<string> } & Disposable> {
  const socket = connect(api.port, "127.0.0.1");
  socket.on("error", () => undefined).setEncoding("utf8");
  socket.write(`GET /sinbin/events HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
  let got = "";
  let waiting: (() => void) | undefined;
  socket.on("data", (text: string) => {
    got += text;
    waiting?.();
  });
  return {
    until: (text) =>
      new Promise((resolve) => {
        waiting = () => {
          if (got.includes(text)) resolve(got);
        };
        waiting();
      }),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

describe("proxies", () => {
  test("one is put, changed, shown and deleted by its name", async () => {
    await using api = await startTestApi();
    const made = await api.call("PUT", "/sinbin/proxies/a%2Fb", { upstream: "127.0.0.1:1" });
    expect([made.status, JSON.parse(made.text)]).toEqual([
      201,
      {
        name: "a/b",
        proto: "tcp",
        listen: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/),
        upstream: "127.0.0.1:1",
        enabled: true,
        faults: [],
        toxics: [],
        traffic: { upstream: { received: 0, delivered: 0 }, downstream: { received: 0, delivered: 0 } },
        opened: 0,
        connections: [],
      },
    ]);
    const changed = await api.call("PUT", "/sinbin/proxies/a%2Fb", { enabled: false });
    expect([changed.status, JSON.parse(changed.text)]).toEqual([200, { ...JSON.parse(made.text), enabled: false }]);
    expect((await api.call("GET", "/sinbin/proxies/a%2Fb")).text).toBe(changed.text);
    expect((await api.call("DELETE", "/sinbin/proxies/a%2Fb")).status).toBe(204);
    expect((await api.call("GET", "/sinbin/proxies/a%2Fb")).status).toBe(404);
  });

  test("one of http has faults of requests, and those of tcp on the connections that carry them", async () => {
    await using api = await startTestApi();
    await send(api, [
      { proxy: { name: "web", proto: "http", upstream: `127.0.0.1:${api.port}` } },
      { fault: { "http.status": { code: 503 }, where: "web", match: { path: "/version" }, first: 1 } },
      { fault: { "tcp.latency": { delay: "30ms" }, where: "web" } },
    ]);
    const ask = async (path: string): Promise<number> => (await fetch(`http://${await listenOf(api)}${path}`)).status;
    const start = performance.now();
    expect([await ask("/proxies"), await ask("/version"), await ask("/version")]).toEqual([200, 503, 200]);
    expect(performance.now() - start).toBeGreaterThan(80);
    expect((await all(api)).faults).toMatchObject({
      "http.status": { hits: 1 },
      "tcp.latency": { hits: expect.any(Number) },
    });
    expect(api.events).toContainEqual({
      event: "fault.hit",
      fields: expect.objectContaining({ fault: "http.status", path: "/version", method: "GET" }),
    });
    expect(api.events.map(({ event }) => event)).toContain("http.reply");
  });

  test("datagrams go through one of udp, and its faults hit them", async () => {
    await using api = await startTestApi();
    await using echo = await startUdpEcho();
    await send(api, [{ proxy: { name: "dns", proto: "udp", upstream: echo.address } }]);
    await using client = udpClient(await listenOf(api, "dns"));
    await once(client, "connect");
    client.send("one");
    expect(String((await once(client, "message"))[0])).toBe("one");
    const [status, { faults }] = await send(api, [
      { fault: { name: "short", "udp.truncate": { size: "2B" }, where: "dns", direction: "upstream" } },
    ]);
    expect([status, faults["short"]]).toMatchObject([200, { hits: 0 }]);
    client.send("two");
    expect(String((await once(client, "message"))[0])).toBe("tw");
    const { proxies, faults: now } = await all(api);
    expect(now["short"]).toMatchObject({ hits: 1 });
    expect(proxies["dns"]).toMatchObject({
      opened: 1,
      traffic: { upstream: { received: 6, delivered: 5 }, downstream: { received: 5, delivered: 5 } },
      connections: [{ client: `127.0.0.1:${client.address().port}`, hits: ["short"] }],
    });
    const toxic = await api.call("POST", "/proxies/dns/toxics", { type: "latency" });
    expect([toxic.status, toxic.text]).toEqual([400, expect.stringContaining("toxics act on tcp")]);
  });
});

describe("faults", () => {
  test("one acts on connections that are there, says whom it hit, and is gone when it is lifted", async () => {
    const clock = createManualClock();
    await using api = await startTestApi({ wrap: (host) => ({ ...host, clock }) });
    await using echo = await startEcho();
    await send(api, [{ proxy: { name: "web", upstream: echo.address } }]);
    using talk = await talkTo(await listenOf(api));
    talk.send("x");
    await talk.until(1);
    const made = await api.call("POST", "/sinbin/faults", latency);
    expect([made.status, JSON.parse(made.text)]).toEqual([
      201,
      { ...latency, name: "tcp.latency", where: ["web"], hits: 0 },
    ]);
    talk.send("y");
    while ((await all(api)).proxies["web"]?.traffic.downstream.received !== 2);
    expect(talk.got()).toBe("x");
    clock.advance(60);
    await talk.until(2);
    const { proxies, faults } = await all(api);
    expect(faults).toMatchObject({ "tcp.latency": { hits: 1 } });
    expect(proxies["web"]?.connections).toEqual([
      {
        connection: 1,
        client: `127.0.0.1:${talk.socket.localPort}`,
        since: expect.any(Number),
        upstream: { received: 2, delivered: 2 },
        downstream: { received: 2, delivered: 2 },
        hits: ["tcp.latency"],
      },
    ]);
    expect((await api.call("DELETE", "/sinbin/faults/tcp.latency")).status).toBe(204);
    expect((await api.call("GET", "/sinbin/faults/tcp.latency")).status).toBe(404);
    expect((await all(api)).proxies["web"]).toMatchObject({ faults: [], connections: [{ hits: ["tcp.latency"] }] });
  });

  test("selection is a plan's: only the n-th connection, and it is counted from the injection on", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    await send(api, [
      { proxy: { name: "web", upstream: echo.address } },
      { fault: { "tcp.limit": { bytes: "0B" }, where: "all", nth: 2 } },
    ]);
    const ends: string[] = [];
    for (let n = 1; n <= 3; n += 1) {
      using talk = await talkTo(await listenOf(api));
      talk.send("x");
      ends.push(await Promise.race([talk.until(1), talk.ended]));
    }
    expect(ends).toEqual(["x", "end", "x"]);
  });

  test("one with a length ends by itself, and a held connection goes on", async () => {
    const clock = createManualClock();
    await using api = await startTestApi({ wrap: (host) => ({ ...host, clock }) });
    await using echo = await startEcho();
    await send(api, [
      { proxy: { name: "web", upstream: echo.address } },
      { fault: { name: "hole", "tcp.blackhole": null, where: "web", for: "80ms" } },
    ]);
    using talk = await talkTo(await listenOf(api));
    talk.send("late");
    while ((await all(api)).proxies["web"]?.traffic.upstream.received !== 4);
    clock.advance(79);
    expect((await all(api)).faults["hole"]).toMatchObject({ left: "1ms" });
    clock.advance(1);
    expect(await talk.until(4)).toBe("late");
    expect((await all(api)).faults).toEqual({});
    expect(api.events).toContainEqual({ event: "fault.lift", fields: { fault: "hole", by: "for", hits: 1 } });
  });

  test("the seed and the names decide whom a probability meets", async () => {
    const first = await met(7);
    expect(new Set(first)).toEqual(new Set(["x", "end"]));
    expect(await met(7)).toEqual(first);
    expect(await met(8)).not.toEqual(first);
  });

  test("faults outlive a proxy that is disabled for a while, and not one that is removed", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    await send(api, [
      { proxy: { name: "web", upstream: echo.address } },
      { proxy: { name: "other", upstream: echo.address } },
      { fault: { name: "both", "tcp.limit": { bytes: "1B" }, where: ["web", "other"] } },
      { fault: { name: "one", "tcp.limit": { bytes: "1B" }, where: "web" } },
    ]);
    await api.call("PATCH", "/proxies/web", { enabled: false });
    await api.call("PATCH", "/proxies/web", { enabled: true });
    using talk = await talkTo(await listenOf(api));
    talk.send("ab");
    await talk.ended;
    expect(talk.got()).toBe("a");
    await api.call("DELETE", "/proxies/web");
    expect((await all(api)).faults).toMatchObject({ both: { where: ["other"] } });
    expect(Object.keys((await all(api)).faults)).toEqual(["both"]);
    await api.call("POST", "/reset");
    expect((await all(api)).faults).toEqual({});
  });

  test("toxics and faults share a proxy: ours shows both, Toxiproxy's shows its own", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    await api.call("POST", "/proxies", { name: "web", upstream: echo.address, listen: "127.0.0.1:0" });
    await api.call("POST", "/proxies/web/toxics", { type: "slicer", attributes: { average_size: 1 } });
    await api.call("POST", "/sinbin/faults", { ...latency, for: "1h" });
    using talk = await talkTo(await listenOf(api));
    talk.send("xyz");
    await talk.until(3);
    const { proxies, faults } = await all(api);
    expect(proxies["web"]?.toxics).toMatchObject([{ name: "slicer_downstream", hits: expect.any(Number) }]);
    expect(faults["tcp.latency"]).toMatchObject({ hits: 1, left: expect.stringMatching(/^\d/) });
    const seen = JSON.parse((await api.call("GET", "/proxies/web")).text) as { readonly toxics: readonly object[] };
    expect(seen.toxics).toMatchObject([{ name: "slicer_downstream" }]);
  });

  test("a door whose port somebody has taken holds up no call", async () => {
    await using api = await startTestApi();
    await send(api, [
      { proxy: { name: "web", upstream: "127.0.0.1:1" } },
      { fault: { name: "shut", "tcp.refuse": null, where: "web" } },
    ]);
    const listen = await listenOf(api);
    await expect(talkTo(listen)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await send(api, [{ proxy: { name: "thief", upstream: "127.0.0.1:1", listen } }]);
    expect((await api.call("DELETE", "/sinbin/faults/shut")).status).toBe(204);
    await api.call("DELETE", "/proxies/thief");
    expect(Object.keys((await all(api)).proxies)).toEqual(["web"]);
  });
});

describe("several changes at once", () => {
  test("all happen, and a new proxy has its faults from its first connection on", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    const [status, { proxies }] = await send(api, [
      { proxy: { name: "web", upstream: echo.address } },
      { fault: { name: "none", "tcp.limit": { bytes: "0B" }, where: "web" } },
    ]);
    expect([status, proxies["web"]?.faults]).toEqual([200, ["none"]]);
    using talk = await talkTo(await listenOf(api));
    talk.send("x");
    expect(await talk.ended).toBe("end");
    const [, after] = await send(api, [
      { lift: "none" },
      { fault: { name: "none", "tcp.latency": { delay: "1ms" }, where: "all" } },
      { proxy: { name: "web", enabled: false } },
      { proxy: { name: "web", enabled: true } },
    ]);
    expect(after.faults["none"]).toMatchObject({ "tcp.latency": { delay: "1ms" }, where: ["web"] });
    expect(after.proxies["web"]?.enabled).toBe(true);
  });

  test("one proxy takes the address that another gives up", async () => {
    await using api = await startTestApi();
    await send(api, [{ proxy: { name: "old", upstream: "127.0.0.1:1" } }]);
    const listen = await listenOf(api, "old");
    const [status, { proxies }] = await send(api, [
      { proxy: { name: "new", upstream: "127.0.0.1:2", listen } },
      { remove: "old" },
    ]);
    expect([status, Object.keys(proxies), proxies["new"]?.listen]).toEqual([200, ["new"], listen]);
  });

  test.each([
    [
      "an address that is taken",
      [{ proxy: { name: "bad", upstream: "a:1", listen: "TAKEN" } }],
      500,
      "address already in use",
    ],
    [
      "an address that is none",
      [{ proxy: { name: "bad", upstream: "a:1", listen: "bad" } }],
      500,
      "missing port in address",
    ],
    [
      "a fault on what is not there",
      [{ fault: { ...latency, where: "nope" } }],
      404,
      "[4]: fault tcp.latency: there is no proxy nope",
    ],
    [
      "a fault of another plane",
      [{ fault: { "udp.loss": { probability: "1%" }, where: "web" } }],
      400,
      "udp.loss can't act on web, which is tcp",
    ],
    ["a name that is taken", [{ fault: latency }, { fault: latency }], 409, "[5]: fault tcp.latency exists"],
    ["a fault that is not there", [{ lift: "nope" }], 404, "[4]: there is no fault nope"],
    ["a proxy that is not there", [{ remove: "nope" }], 404, "[4]: there is no proxy nope"],
    [
      "a new proxy that leads nowhere",
      [{ proxy: { name: "x" } }],
      400,
      "[4]: proxy x is not there yet: write its upstream",
    ],
    ["another proto", [{ proxy: { name: "web", proto: "udp" } }], 409, "[4]: proxy web is tcp"],
  ])("%s undoes them all, and has cost nobody a connection", async (_what, last, status, complaint) => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    await send(api, [
      { proxy: { name: "web", upstream: echo.address } },
      { proxy: { name: "gone", upstream: echo.address } },
      { fault: { name: "old", "tcp.latency": { delay: "1ms" }, where: "web" } },
    ]);
    using talk = await talkTo(await listenOf(api));
    using other = await talkTo(await listenOf(api, "gone"));
    for (const each of [talk, other]) {
      each.send("x");
      await each.until(1);
    }
    const before = await all(api);
    const changes = [
      { proxy: { name: "fresh", upstream: "127.0.0.1:1" } },
      { lift: "old" },
      { remove: "gone" },
      { fault: { name: "mine", "tcp.reset": null, where: "web" } },
      ...last,
    ];
    const written = JSON.parse(JSON.stringify(changes).replace("TAKEN", `127.0.0.1:${api.port}`)) as readonly object[];
    const [answer, { error }] = await send(api, written);
    expect([answer, error]).toEqual([status, expect.stringContaining(complaint)]);
    const { last_event: _moved, ...after } = (await all(api)) as All & { readonly last_event: number };
    expect(before).toMatchObject(after);
    for (const each of [talk, other]) {
      each.send("y");
      expect(await each.until(2)).toBe("xy");
    }
  });
});

describe("what is wrong is said, with its place", () => {
  test.each([
    ["/sinbin/changes", "{", "the body is no JSON"],
    ["/sinbin/changes", {}, "write a list of changes"],
    ["/sinbin/changes", [{}], "[0]: write { proxy: … }, { remove: NAME }, { fault: … } or { lift: NAME }"],
    ["/sinbin/changes", [{ proxy: { name: "x", upstrem: "a:1" } }], "[0].proxy: there is no key upstrem here"],
    ["/sinbin/changes", [{ lift: 5 }], "[0].lift: write a name, such as db"],
    [
      "/sinbin/faults",
      { "tcp.latency": { delay: 100 }, where: "x" },
      "tcp.latency.delay: write a duration with its unit",
    ],
    ["/sinbin/faults", { "tcp.nope": {}, where: "x" }, "there is no key tcp.nope here"],
    ["/sinbin/faults", { where: "x" }, "write exactly one fault"],
    ["/sinbin/faults", { ...latency, "tcp.reset": null }, "write exactly one fault"],
    [
      "/sinbin/faults",
      { "tcp.latency": { delay: "1ms" } },
      "where: write the name of a proxy, a list of names, or all",
    ],
    ["/sinbin/faults", { ...latency, for: "soon" }, "for: write a duration"],
  ])("%s %j", async (path, body, complaint) => {
    await using api = await startTestApi();
    const { status, text, headers } = await api.call("POST", path, body);
    expect([status, headers["content-type"]]).toEqual([400, "application/json"]);
    expect((JSON.parse(text) as All).error).toContain(complaint);
  });
});

describe("events", () => {
  test("come as they happen, and those that were missed come first", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    using live = await follow(api);
    const head = await live.until(": events");
    expect(head).toContain("Content-Type: text/event-stream");
    await send(api, [{ proxy: { name: "web", upstream: echo.address } }, { fault: latency }]);
    using talk = await talkTo(await listenOf(api));
    talk.send("x");
    await live.until("event: fault.hit");
    const got = await live.until("event: connection.open");
    expect(got).toMatch(/id: 1\nevent: proxy\.listening\ndata: \{"time":\d+,"proxy":"web"/);
    using late = await follow(api, "Last-Event-ID: 1\r\n");
    const missed = await late.until("event: fault.hit");
    expect(missed).not.toContain("id: 1\n");
    expect(missed).toContain("id: 2\nevent: fault.inject\n");
  });

  test("a silent stream has a heartbeat", async () => {
    const clock = createManualClock();
    await using api = await startTestApi({ clock });
    using live = await follow(api);
    await live.until(": events");
    clock.advance(15_000);
    expect(await live.until("\r\n:\n\n")).toContain(": events");
  });

  test("those that are not remembered any more are said to be missing", async () => {
    await using api = await startTestApi();
    for (let n = 0; n < 5; n += 1)
      await api.call("POST", "/proxies", {
        name: `${n}${"x".repeat(900_000)}`,
        upstream: "a:1",
        listen: "127.0.0.1:0",
      });
    using late = await follow(api, "Last-Event-ID: 0\r\n");
    expect(await late.until(": events")).toMatch(/event: missing\ndata: \{"from":1,"to":\d+\}/);
  });

  test("a reader that does not keep up is hung up on, and costs nobody else anything", async () => {
    await using api = await startTestApi();
    const socket = connect(api.port, "127.0.0.1");
    const gone = new Promise<void>((resolve) => socket.on("error", () => undefined).once("close", () => resolve()));
    socket.write("GET /sinbin/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(socket, "readable");
    const name = "x".repeat(900_000);
    // The kernel holds some megabytes, and we some more.
    for (let n = 0; n < 40; n += 1) {
      await api.call("POST", "/proxies", { name, upstream: "a:1", listen: "127.0.0.1:0" });
      await send(api, [{ remove: name }]);
    }
    expect((await api.call("GET", "/version")).status).toBe(200);
    socket.resume();
    await gone;
  });
});

test("a name to listen on that nobody answers for is an error, and delays no other call", async () => {
  const clock = createManualClock();
  const asked = Promise.withResolvers<void>();
  const wrap = (host: Host): Host => ({
    ...host,
    clock,
    network: {
      ...host.network,
      resolve(address, waiting) {
        if (address.host !== "silent.test") return host.network.resolve(address, waiting);
        asked.resolve();
        return new Promise((_resolve, reject) => {
          waiting?.signal?.addEventListener("abort", () => reject(waiting.signal?.reason));
        });
      },
    },
  });
  await using api = await startTestApi({ wrap });
  const late = api.call("POST", "/proxies", { name: "late", upstream: "a:1", listen: "silent.test:0" });
  await asked.promise;
  expect((await send(api, [{ proxy: { name: "web", upstream: "127.0.0.1:1" } }]))[0]).toBe(200);
  clock.advance(800);
  const { status, text } = await late;
  expect([status, JSON.parse(text)]).toMatchObject([500, { error: "lookup silent.test: i/o timeout" }]);
});

test("the schema of what is taken is JSON Schema, with every fault of links", async () => {
  await using api = await startTestApi();
  const schema: unknown = JSON.parse((await api.call("GET", "/sinbin/schema")).text);
  const { definitions } = z.object({ definitions: z.record(z.string(), z.unknown()) }).parse(schema);
  expect(Object.keys(definitions)).toEqual(expect.arrayContaining(["fault", "proxy", "tcp.latency", "udp.loss"]));
});

test("metrics count connections and hits", async () => {
  await using api = await startTestApi({ metrics: true });
  await using server = await startServer((socket) => socket.end("bye"));
  await send(api, [{ proxy: { name: "web", upstream: server.address } }, { fault: latency }]);
  using talk = await talkTo(await listenOf(api));
  await talk.until(3);
  const { text } = await api.call("GET", "/metrics");
  expect(text).toContain(`sinbin_connections{proxy="web"} 1\n`);
  expect(text).toContain(`sinbin_connections_total{proxy="web"} 1\n`);
  expect(text).toContain(`sinbin_fault_hits_total{fault="tcp.latency",kind="tcp.latency"} 1\n`);
});
