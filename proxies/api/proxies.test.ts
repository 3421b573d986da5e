/** Proxies of the API, of each protocol: real sockets, real clients. */
import { expect, describe, test } from "vitest";
import { startTestApi } from "./api.testing.ts";
import { all, listenOf, send, startUdpEcho, udpClient } from "./extended.testing.ts";
import { once } from "node:events";

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
      fields: expect.objectContaining({ fault: "http.status", connection: expect.any(Number), path: "/version" }),
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
