/** Faults by our names, on proxies of the API: real sockets. */
import { expect, describe, test } from "vitest";
import type { Host, Listener } from "../../host/host.ts";
import { startEcho, startServer, startTestApi, talkTo } from "./api.testing.ts";
import { all, latency, listenOf, send } from "./extended.testing.ts";
import { createManualClock } from "../tcp/link.testing.ts";

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

/** A host on which it is told, or decided, when a listener falls silent. */
const silencedBy =
  (silence: (listener: Listener) => Promise<AsyncDisposable>) =>
  (host: Host): Host => ({
    ...host,
    network: {
      ...host.network,
      async listen(options, onConnection) {
        const listener = await host.network.listen(options, onConnection);
        return {
          ...listener,
          silence: () => silence(listener),
          [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
        };
      },
    },
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

  test("a stranger at a server's address is met by who connects from then on", async () => {
    await using api = await startTestApi();
    await using home = await startEcho();
    await using tenant = await startServer((socket) => void socket.end("who are you?"));
    await send(api, [
      { proxy: { name: "web", upstream: home.address } },
      { fault: { "tcp.stranger": { to: tenant.address }, where: "web", first: 1 } },
    ]);
    const listen = await listenOf(api);
    using led = await talkTo(listen);
    expect([await led.ended, led.got()]).toEqual(["end", "who are you?"]);
    using next = await talkTo(listen);
    next.send("hello");
    expect(await next.until(5)).toBe("hello");
    expect((await all(api)).faults).toMatchObject({ "tcp.stranger": { hits: 1 } });
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

  test("one that is called by its kind is found by its key, too", async () => {
    await using api = await startTestApi();
    await send(api, [{ proxy: { name: "web", upstream: "127.0.0.1:1" } }]);
    for (const name of ["tcp.close-on-accept", "tcp.close_on_accept"]) {
      const made = await api.call("POST", "/sinbin/faults", { "tcp.close_on_accept": null, where: "web" });
      expect(JSON.parse(made.text)).toMatchObject({ name: "tcp.close-on-accept" });
      expect((await api.call("GET", `/sinbin/faults/${name}`)).text).toBe(made.text);
      expect((await api.call("DELETE", `/sinbin/faults/${name}`)).status).toBe(204);
    }
  });

  test("a call is answered when the door is really barred", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    await send(api, [{ proxy: { name: "web", upstream: echo.address } }]);
    const listen = await listenOf(api);
    for (let n = 0; n < 5; n += 1) {
      expect((await send(api, [{ fault: { "tcp.refuse": null, where: "web" } }]))[0]).toBe(200);
      await expect(talkTo(listen)).rejects.toMatchObject({ code: "ECONNREFUSED" });
      await send(api, [{ lift: "tcp.refuse" }]);
      using talk = await talkTo(listen);
      talk.send("x");
      await talk.until(1);
    }
  });

  test("a door that can't be barred is said, and nothing of the change is left", async () => {
    let fails = true;
    const wrap = silencedBy(async (listener) => {
      if (fails) throw new Error("no thread to be had");
      return listener.silence();
    });
    await using api = await startTestApi({ wrap });
    await using echo = await startEcho();
    await send(api, [{ proxy: { name: "web", upstream: echo.address } }, { fault: { ...latency, name: "old" } }]);
    const changes = [
      { lift: "old" },
      { fault: { "tcp.unanswered": null, where: "web" } },
      { proxy: { name: "new", upstream: echo.address } },
    ];
    const [status, { error }] = await send(api, changes);
    expect([status, error]).toEqual([
      500,
      expect.stringMatching(/^fault tcp.unanswered: tcp.unanswered can't act on web: .*no thread to be had/),
    ]);
    expect(await all(api)).toMatchObject({ proxies: { web: { faults: ["old"] } } });
    expect(Object.keys((await all(api)).proxies)).toEqual(["web"]);
    using talk = await talkTo(await listenOf(api));
    talk.send("x");
    await talk.until(1);
    fails = false;
    expect((await send(api, changes))[0]).toBe(200);
  });

  test.each([
    [{ "tcp.unanswered": null }, "tcp"],
    [{ "dns.truncate": { tcp: "silent" } }, "dns"],
  ])("what silence takes is there before %j bars a door, and as long as the proxy", async (fault, proto) => {
    const log: string[] = [];
    const wrap = (host: Host): Host => {
      const inner = silencedBy(async (listener) => {
        log.push("silence");
        return listener.silence();
      })(host);
      const prepareSilence = async (): Promise<AsyncDisposable> => {
        log.push("prepare");
        const prepared = await host.network.prepareSilence();
        log.push("prepared");
        return {
          async [Symbol.asyncDispose]() {
            log.push("gone");
            await prepared[Symbol.asyncDispose]();
          },
        };
      };
      return { ...inner, network: { ...inner.network, prepareSilence } };
    };
    await using api = await startTestApi({ wrap });
    await send(api, [{ proxy: { name: "one", proto, upstream: "127.0.0.1:1" } }]);
    for (let n = 0; n < 2; n += 1) {
      expect((await send(api, [{ fault: { ...fault, name: "f", where: "one" } }]))[0]).toBe(200);
      expect((await send(api, [{ lift: "f" }]))[0]).toBe(200);
    }
    expect(log).toEqual(["prepare", "prepared", "silence", "silence"]);
    await send(api, [{ remove: "one" }]);
    expect(log.at(-1)).toBe("gone");
  });

  test("the doors of several proxies are barred at the same time", async () => {
    const names = ["a", "b", "c"];
    const asked: Listener[] = [];
    const together = Promise.withResolvers<void>();
    const wrap = silencedBy(async (listener) => {
      if (asked.push(listener) === names.length) together.resolve();
      await together.promise;
      return listener.silence();
    });
    await using api = await startTestApi({ wrap });
    await using echo = await startEcho();
    await send(
      api,
      names.map((name) => ({ proxy: { name, upstream: echo.address } })),
    );
    const [status, { error }] = await send(api, [{ fault: { "tcp.unanswered": null, where: "all" } }]);
    expect([status, error]).toEqual([200, undefined]);
    expect((await send(api, [{ lift: "tcp.unanswered" }]))[0]).toBe(200);
    for (const name of names) {
      using talk = await talkTo(await listenOf(api, name));
      talk.send("x");
      await talk.until(1);
    }
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
