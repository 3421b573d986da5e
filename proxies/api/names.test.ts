/** Proxies of names and of time: asked by dig, and by a client of NTP. */
import { once } from "node:events";
import { createSocket } from "node:dgram";
import { expect, test } from "vitest";
import { dig, startServer } from "../dns/dns.testing.ts";
import { answerTo, openClient } from "../ntp/ntp.testing.ts";
import { decode, encode } from "../ntp/wire/packet.ts";
import { startTestApi } from "./api.testing.ts";
import { all, listenOf, send } from "./extended.testing.ts";

const portOf = (listen: string): number => Number(listen.split(":").at(-1));

test("a proxy of a name server has the faults of its plane, over UDP and TCP", async () => {
  await using api = await startTestApi();
  await using server = await startServer();
  await send(api, [{ proxy: { name: "names", proto: "dns", upstream: `127.0.0.1:${server.port}` } }]);
  const port = portOf(await listenOf(api, "names"));
  const status = async (...more: readonly string[]): Promise<string | undefined> =>
    /status: (\w+)/.exec((await dig(port, "plc.test", ...more)).said)?.[1];
  expect(await status()).toBe("NOERROR");
  const [made] = await send(api, [
    { fault: { "dns.rcode": { code: "servfail" }, where: "names", match: { qtype: "A", client: "127.0.0.0/8" } } },
  ]);
  expect(made).toBe(200);
  expect([await status(), await status("+tcp"), await status("-t", "AAAA")]).toEqual([
    "SERVFAIL",
    "SERVFAIL",
    "NOERROR",
  ]);
  expect((await all(api)).faults).toMatchObject({ "dns.rcode": { hits: expect.any(Number) } });
  expect(api.events.filter(({ event }) => event === "dns.query").length).toBeGreaterThanOrEqual(4);
});

test("nobody listens while names are refused", async () => {
  await using api = await startTestApi();
  await using server = await startServer();
  await send(api, [{ proxy: { name: "names", proto: "dns", upstream: `127.0.0.1:${server.port}` } }]);
  const port = portOf(await listenOf(api, "names"));
  await send(api, [{ fault: { "dns.refuse": {}, where: "names" } }]);
  expect((await dig(port, "plc.test", "+tries=1")).said).toContain("connection refused");
  await send(api, [{ lift: "dns.refuse" }]);
  expect((await dig(port, "plc.test")).said).toContain("status: NOERROR");
});

test("a fault of UDP and of connects is answered when it is in force as a whole", async () => {
  await using api = await startTestApi();
  await using server = await startServer();
  await send(api, [{ proxy: { name: "names", proto: "dns", upstream: `127.0.0.1:${server.port}` } }]);
  const port = portOf(await listenOf(api, "names"));
  await send(api, [{ fault: { "dns.truncate": { tcp: "silent" }, where: "names" } }]);
  expect((await dig(port, "plc.test", "+ignore")).said).toMatch(/flags: .*\btc\b/);
  expect((await all(api)).faults).toMatchObject({ "dns.truncate": { hits: 1 } });
});

test("a proxy of a time server steps the time of all who ask, until it is stepped back", async () => {
  await using api = await startTestApi();
  const server = createSocket("udp4").bind(0, "127.0.0.1");
  await once(server, "listening");
  server.on("message", (bytes, from) => {
    const decoded = decode(bytes);
    if ("packet" in decoded) server.send(encode(answerTo(decoded.packet)), from.port, from.address);
  });
  await send(api, [{ proxy: { name: "time", proto: "ntp", upstream: `127.0.0.1:${server.address().port}` } }]);
  await using client = await openClient(portOf(await listenOf(api, "time")));
  const hours = async (): Promise<number> => {
    const { packet } = await client.query();
    return Math.abs(Math.round((Number((packet?.transmit ?? 0n) >> 32n) - 2_208_988_800 - Date.now() / 1000) / 3600));
  };
  expect(await hours()).toBe(0);
  const refused = await send(api, [{ fault: { "ntp.step": { by: "3h" }, where: "time", for: "1s" } }]);
  expect(refused[0]).toBe(400);
  await send(api, [{ fault: { "ntp.step": { by: "3h" }, where: "time" } }]);
  expect(await hours()).toBe(3);
  await send(api, [{ fault: { "ntp.step": { to: "0s" }, where: "time", name: "back" } }]);
  expect(await hours()).toBe(0);
  server.close();
});
