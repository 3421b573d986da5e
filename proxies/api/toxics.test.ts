/** What toxics do to real connections, and the defects of Toxiproxy 2.12.0 that must not be here. Lower bounds of time only. */
import { describe, expect, test } from "vitest";
import { startEcho, startServer, startTestApi, talkTo, type TestApi } from "./api.testing.ts";

async function proxyTo(api: TestApi, upstream: string, name = "web"): Promise<string> {
  const { text } = await api.call("POST", "/proxies", { name, upstream, listen: "127.0.0.1:0" });
  return String(JSON.parse(text).listen);
}

async function toxic(api: TestApi, type: string, attributes: object, more: object = {}): Promise<void> {
  const { status, text } = await api.call("POST", "/proxies/web/toxics", { type, attributes, ...more });
  expect([status, text]).toEqual([200, expect.any(String)]);
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

describe("toxics on a live connection", () => {
  test("latency comes, is changed and goes, and two add up", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    using talk = await talkTo(await proxyTo(api, echo.address));
    await toxic(api, "latency", { latency: 60 }, { name: "a" });
    await toxic(api, "latency", { latency: 60 }, { name: "b", stream: "upstream" });
    talk.send("x");
    expect(await elapsed(() => talk.until(1))).toBeGreaterThan(100);
    await api.call("PATCH", "/proxies/web/toxics/a", { attributes: { latency: 3_600_000 } });
    talk.send("y");
    await api.call("DELETE", "/proxies/web/toxics/b");
    await api.call("PATCH", "/proxies/web/toxics/a", { attributes: { latency: 1 } });
    expect(await talk.until(2)).toBe("xy");
  });

  test("removing latency lets all go that it held, in order", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    using talk = await talkTo(await proxyTo(api, echo.address));
    await toxic(api, "latency", { latency: 3_600_000 }, { stream: "upstream" });
    for (const letter of "abcde") talk.send(letter);
    await api.call("POST", "/reset");
    expect(await talk.until(5)).toBe("abcde");
  });

  test("bandwidth spaces bytes, and a rate of 0 holds them", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    using talk = await talkTo(await proxyTo(api, echo.address));
    await toxic(api, "bandwidth", { rate: 0 });
    talk.send("x".repeat(20_000));
    await api.call("PATCH", "/proxies/web/toxics/bandwidth_downstream", { attributes: { rate: 100 } });
    expect(await elapsed(() => talk.until(20_000))).toBeGreaterThan(150);
  });

  test("slow_close holds the end back, and nothing else", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    using talk = await talkTo(await proxyTo(api, echo.address));
    await toxic(api, "slow_close", { delay: 100 });
    const both = await elapsed(() => {
      talk.socket.end("bye");
      return talk.ended;
    });
    expect([talk.got(), both]).toEqual(["bye", expect.toSatisfy((milliseconds: number) => milliseconds > 80)]);
  });

  test("timeout drops what comes and then closes, even while data comes", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    using talk = await talkTo(await proxyTo(api, echo.address));
    await toxic(api, "timeout", { timeout: 100 });
    const sending = setInterval(() => talk.send("x"), 10);
    expect(await talk.ended).toBe("end");
    clearInterval(sending);
    expect(talk.got()).toBe("");
  });

  test("removing a timeout of 0 closes the connections that it acted on", async () => {
    await using api = await startTestApi();
    const serverEnded = Promise.withResolvers<void>();
    await using server = await startServer((socket) => socket.resume().on("end", () => serverEnded.resolve()));
    using talk = await talkTo(await proxyTo(api, server.address));
    await toxic(api, "timeout", { timeout: 0 });
    expect((await api.call("DELETE", "/proxies/web/toxics/timeout_downstream")).status).toBe(204);
    expect(await talk.ended).toBe("end");
    await serverEnded.promise;
  });

  test("reset_peer resets a connection that was there before it, once it is used", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    using talk = await talkTo(await proxyTo(api, echo.address));
    talk.send("x");
    await talk.until(1);
    await toxic(api, "reset_peer", { timeout: 10 }, { stream: "upstream" });
    talk.send("y");
    expect(await talk.ended).toBe("ECONNRESET");
  });

  test("slicer loses and doubles nothing", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    using talk = await talkTo(await proxyTo(api, echo.address));
    await toxic(api, "slicer", { average_size: 3, size_variation: 2, delay: 10 });
    talk.send("0123456789".repeat(10));
    expect(await talk.until(100)).toBe("0123456789".repeat(10));
  });

  test("limit_data passes exactly so much, counted over its changes, and ends", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    using talk = await talkTo(await proxyTo(api, echo.address));
    await toxic(api, "limit_data", { bytes: 100 });
    talk.send("12345");
    await talk.until(5);
    await api.call("PATCH", "/proxies/web/toxics/limit_data_downstream", { attributes: { bytes: 8 } });
    talk.send("6789");
    expect(await talk.ended).toBe("end");
    expect(talk.got()).toBe("12345678");
  });

  test("packet_loss makes bytes late, and none missing", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    using talk = await talkTo(await proxyTo(api, echo.address));
    await toxic(api, "packet_loss", { loss_rate: 0.5, correlation: 0.1 });
    talk.send("0123456789".repeat(300));
    expect(await talk.until(3000)).toBe("0123456789".repeat(300));
  });

  test("disabling closes connections and refuses new ones, and toxics are still there afterwards", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    const listen = await proxyTo(api, echo.address);
    using talk = await talkTo(listen);
    await toxic(api, "limit_data", { bytes: 2 });
    await api.call("PATCH", "/proxies/web", { enabled: false });
    await talk.ended;
    await expect(talkTo(listen)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await api.call("PATCH", "/proxies/web", { enabled: true });
    using again = await talkTo(listen);
    again.send("abcd");
    await again.ended;
    expect(again.got()).toBe("ab");
  });
});

/** Which of 24 links are hit, with so many changes of the toxic while each is there. */
async function hitLinks(seed: number, changes = 0): Promise<readonly boolean[]> {
  await using api = await startTestApi({ seed });
  await using echo = await startEcho();
  const listen = await proxyTo(api, echo.address);
  await toxic(api, "limit_data", { bytes: 0 }, { toxicity: 0.5 });
  const hit: boolean[] = [];
  for (let n = 0; n < 24; n += 1) {
    using talk = await talkTo(listen);
    for (let change = 0; change < changes; change += 1)
      await api.call("PATCH", "/proxies/web/toxics/limit_data_downstream", { attributes: { bytes: -change } });
    talk.send("x");
    hit.push((await Promise.race([talk.until(1), talk.ended])) === "end");
  }
  return hit;
}

describe("toxicity", () => {
  test("the seed decides which links are hit", async () => {
    const first = await hitLinks(7);
    expect(new Set(first)).toEqual(new Set([true, false]));
    expect(await hitLinks(7)).toEqual(first);
    expect(await hitLinks(8)).not.toEqual(first);
  });

  test("a roll is a link's for good: changes do not draw it anew", async () => {
    expect(await hitLinks(7, 3)).toEqual(await hitLinks(7));
  });

  test("a reset_peer that spares a link leaves all its bytes", async () => {
    await using api = await startTestApi();
    await using server = await startServer((socket) => socket.end("x".repeat(3_000_000)));
    const listen = await proxyTo(api, server.address);
    await toxic(api, "reset_peer", {}, { toxicity: 0 });
    using talk = await talkTo(listen);
    expect(await talk.ended).toBe("end");
    expect(talk.got()).toHaveLength(3_000_000);
  });
});

describe("defects of Toxiproxy 2.12.0", () => {
  test.each([
    ["bandwidth", { rate: -1 }],
    ["bandwidth", { rate: 9_223_372_036_854_775_000n }],
    ["slicer", {}],
    ["slicer", { average_size: -5, size_variation: -5, delay: -5 }],
    ["slicer", { average_size: 1, size_variation: 500 }],
    ["latency", { jitter: 5_000_000_000_000_000_000n }],
    ["latency", { latency: -5_000_000_000_000_000_000n, jitter: -1 }],
    ["limit_data", { bytes: -1 }],
    ["timeout", { timeout: -1 }],
    ["reset_peer", { timeout: 5_000_000_000_000_000_000n }],
    ["packet_loss", { loss_rate: 7.5, correlation: -3 }],
  ])("%s with %o harms nobody", async (type, attributes) => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    const listen = await proxyTo(api, echo.address);
    using talk = await talkTo(listen);
    const written = Object.entries(attributes).map(([name, value]) => `"${name}":${String(value)}`);
    const body = `{"type":"${type}","attributes":{${written.join(",")}}}`;
    expect((await api.call("POST", "/proxies/web/toxics", body)).status).toBe(200);
    talk.send("x".repeat(10_000));
    expect((await api.call("DELETE", `/proxies/web/toxics/${type}_downstream`)).status).toBe(204);
    using other = await talkTo(listen);
    other.send("still there");
    expect(await other.until(11)).toBe("still there");
  });

  test("a client that does not read delays no call", async () => {
    await using api = await startTestApi();
    await using server = await startServer((socket) => void socket.write("x".repeat(20_000_000)));
    using talk = await talkTo(await proxyTo(api, server.address));
    talk.socket.pause();
    await toxic(api, "latency", { latency: 5 });
    expect((await api.call("DELETE", "/proxies/web/toxics/latency_downstream")).status).toBe(204);
    expect((await api.call("DELETE", "/proxies/web")).status).toBe(204);
  });

  test("a server that answers no connect delays no call", async () => {
    await using api = await startTestApi();
    // Of the block for documentation (RFC 5737): nobody answers, or the network says so.
    using talk = await talkTo(await proxyTo(api, "192.0.2.1:9"));
    talk.send("x");
    await toxic(api, "latency", { latency: 5 });
    expect((await api.call("PATCH", "/proxies/web", { enabled: false })).status).toBe(200);
    expect((await api.call("POST", "/reset")).status).toBe(204);
    expect((await api.call("DELETE", "/proxies/web")).status).toBe(204);
  });

  test("a reset that waits for its time does not make its removal wait", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    using talk = await talkTo(await proxyTo(api, echo.address));
    await toxic(api, "reset_peer", { timeout: 3_600_000 });
    talk.send("x");
    await api.call("DELETE", "/proxies/web/toxics/reset_peer_downstream");
    expect(await talk.until(1)).toBe("x");
  });

  test("half-close survives: who has ended still gets the answer", async () => {
    await using api = await startTestApi();
    await using server = await startServer((socket) => socket.resume().on("end", () => socket.end("late answer")));
    using talk = await talkTo(await proxyTo(api, server.address));
    talk.socket.end("question");
    expect(await talk.ended).toBe("end");
    expect(talk.got()).toBe("late answer");
  });

  test("a reset arrives as one", async () => {
    await using api = await startTestApi();
    await using server = await startServer((socket) => void socket.once("data", () => socket.resetAndDestroy()));
    using talk = await talkTo(await proxyTo(api, server.address));
    talk.send("x");
    expect(await talk.ended).toBe("ECONNRESET");
  });

  test("a bad change of a toxic changes nothing", async () => {
    await using api = await startTestApi();
    await proxyTo(api, "127.0.0.1:1");
    await toxic(api, "latency", { latency: 5 });
    const path = "/proxies/web/toxics/latency_downstream";
    expect((await api.call("PATCH", path, { attributes: { latency: 777, jitter: "x" } })).status).toBe(400);
    expect(JSON.parse((await api.call("GET", path)).text).attributes).toEqual({ latency: 5, jitter: 0 });
  });

  test("a change of a proxy that fails leaves it, and its connections, as they were", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    using talk = await talkTo(await proxyTo(api, echo.address));
    const { text: before } = await api.call("GET", "/proxies/web");
    for (const listen of ["bad", `127.0.0.1:${api.port}`])
      expect((await api.call("PATCH", "/proxies/web", { listen, upstream: "x:1" })).status).toBe(500);
    expect((await api.call("GET", "/proxies/web")).text).toBe(before);
    talk.send("alive");
    expect(await talk.until(5)).toBe("alive");
  });

  test("the same address in other words restarts nothing, another upstream does", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    const listen = await proxyTo(api, echo.address);
    using talk = await talkTo(listen);
    await api.call("PATCH", "/proxies/web", { listen: listen.replace("127.0.0.1", "localhost") });
    talk.send("alive");
    expect(await talk.until(5)).toBe("alive");
    const { text } = await api.call("PATCH", "/proxies/web", { upstream: "127.0.0.1:1" });
    expect(JSON.parse(text)).toMatchObject({ listen, upstream: "127.0.0.1:1", enabled: true });
    await talk.ended;
  });

  test("populate carries toxics, honours enabled, and keeps what is as it was, on every address", async () => {
    await using api = await startTestApi();
    const entry = { name: "all", upstream: "127.0.0.1:1", listen: ":0", toxics: [{ type: "latency" }] };
    const { status, text } = await api.call("POST", "/populate", [entry]);
    const [shown] = JSON.parse(text).proxies;
    expect([status, shown.toxics[0].name]).toEqual([201, "latency_downstream"]);
    const listen = `0.0.0.0:${shown.listen.split(":").at(-1)}`;
    const again = await api.call("POST", "/populate", [{ name: "all", upstream: "127.0.0.1:1", listen }]);
    expect(JSON.parse(again.text).proxies).toEqual([shown]);
    const none = await api.call("POST", "/populate", [{ name: "all", upstream: "127.0.0.1:1", listen, toxics: [] }]);
    expect(JSON.parse(none.text).proxies).toEqual([shown]);
    const off = await api.call("POST", "/populate", [{ name: "all", upstream: "127.0.0.1:1", listen, enabled: false }]);
    expect(JSON.parse(off.text).proxies).toEqual([{ ...shown, enabled: false }]);
    const moved = await api.call("POST", "/populate", [{ name: "all", upstream: "127.0.0.1:2", listen }]);
    expect(JSON.parse(moved.text).proxies[0]).toMatchObject({ upstream: "127.0.0.1:2", enabled: true, toxics: [] });
    const bad = await api.call("POST", "/populate", [{ ...entry, name: "other", toxics: [{ type: "nope" }] }]);
    expect([bad.status, JSON.parse(bad.text)]).toEqual([
      400,
      { error: "invalid toxic type of toxic 1 at proxy 1", status: 400, proxies: null },
    ]);
  });

  test("a name with a slash can be addressed and deleted", async () => {
    await using api = await startTestApi();
    await proxyTo(api, "127.0.0.1:1", "a/b c");
    expect((await api.call("GET", "/proxies/a%2Fb%20c")).status).toBe(200);
    expect((await api.call("DELETE", "/proxies/a%2Fb%20c")).status).toBe(204);
  });

  test("reset resets the others, even if one proxy can't start", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    await api.call("POST", "/proxies", {
      name: "stuck",
      upstream: "a:1",
      listen: `127.0.0.1:${api.port}`,
      enabled: false,
    });
    await proxyTo(api, echo.address);
    await toxic(api, "timeout", {});
    expect((await api.call("POST", "/reset")).status).toBe(500);
    expect((await api.call("GET", "/proxies/web/toxics")).text).toBe("[]");
  });

  test("bytes count while a connection is there", async () => {
    await using api = await startTestApi({ metrics: true });
    await using echo = await startEcho();
    using talk = await talkTo(await proxyTo(api, echo.address));
    talk.send("12345");
    await talk.until(5);
    expect((await api.call("GET", "/metrics")).text.match(/ 5\n/g)).toHaveLength(4);
  });
});
