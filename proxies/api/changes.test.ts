/** Changes to the API's proxies and faults: all of a list or none, and what is said of those that are wrong. */
import { expect, describe, test } from "vitest";
import { startEcho, startTestApi, talkTo } from "./api.testing.ts";
import { all, latency, listenOf, send, type All } from "./extended.testing.ts";
import { createManualClock } from "../tcp/link.testing.ts";
import type { Host } from "../../host/host.ts";

const places = (proxies: All["proxies"]): unknown => ["one", "two", "three"].map((name) => proxies[name]?.listen);

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

  test("two proxies change places, or stay where they are if another one has no place", async () => {
    await using api = await startTestApi();
    await send(api, [
      { proxy: { name: "one", upstream: "127.0.0.1:1" } },
      { proxy: { name: "two", upstream: "127.0.0.1:2" } },
      { proxy: { name: "three", upstream: "127.0.0.1:3" } },
    ]);
    const [one, two, three] = [await listenOf(api, "one"), await listenOf(api, "two"), await listenOf(api, "three")];
    const swap = [{ proxy: { name: "one", listen: two } }, { proxy: { name: "two", listen: one } }];
    const [status, after] = await send(api, swap);
    expect([status, places(after.proxies)]).toEqual([200, [two, one, three]]);

    const [failed] = await send(api, [
      { proxy: { name: "one", listen: one } },
      { proxy: { name: "two", listen: three } },
      { proxy: { name: "three", listen: two } },
      // Too late: that is taken again by then.
      { proxy: { name: "four", upstream: "127.0.0.1:4", listen: one } },
    ]);
    expect([failed, places((await all(api)).proxies)]).toEqual([500, [two, one, three]]);
    const [round, moved] = await send(api, [
      { proxy: { name: "one", listen: one } },
      { proxy: { name: "two", listen: three } },
      { proxy: { name: "three", listen: two } },
    ]);
    expect([round, places(moved.proxies)]).toEqual([200, [one, three, two]]);
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

describe("proxies that a change is not about", () => {
  test("one that is disabled and could listen nowhere is in nobody's way", async () => {
    await using api = await startTestApi();
    await api.call("POST", "/proxies", { name: "odd", upstream: "a:1", listen: "nowhere", enabled: false });
    const [status, { proxies }] = await send(api, [{ proxy: { name: "web", upstream: "127.0.0.1:1" } }]);
    expect([status, proxies["web"]?.enabled, proxies["odd"]?.enabled]).toEqual([200, true, false]);
    expect((await api.call("POST", "/sinbin/faults", latency)).status).toBe(201);
  });

  test.each([
    ["is left alone", []],
    ["stays there", [{ proxy: { name: "two", upstream: "127.0.0.1:2" } }]],
  ])("to want the address of one that %s costs nobody a connection", async (_what, others) => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    await send(api, [
      { proxy: { name: "one", upstream: echo.address } },
      { proxy: { name: "two", upstream: echo.address } },
    ]);
    using talk = await talkTo(await listenOf(api, "one"));
    talk.send("x");
    await talk.until(1);
    const taken = { proxy: { name: "one", listen: await listenOf(api, "two") } };
    const [status, { error }] = await send(api, [taken, ...others]);
    expect([status, error]).toEqual([500, expect.stringContaining("address already in use")]);
    talk.send("y");
    expect(await Promise.race([talk.until(2), talk.ended])).toBe("xy");
  });
});

test.each([
  ["moves", { listen: "127.0.0.1:0" }],
  ["leads elsewhere", { upstream: "127.0.0.1:2" }],
  ["is called otherwise", { names: ["b.test"] }],
])("a proxy that %s keeps its connections if a new one in the list can't be had", async (_what, change) => {
  await using api = await startTestApi();
  await using echo = await startEcho();
  await send(api, [{ proxy: { name: "web", proto: "tls", upstream: echo.address } }]);
  using talk = await talkTo(await listenOf(api));
  talk.send("no TLS");
  await talk.until(6);
  const [status, { error }] = await send(api, [
    { proxy: { name: "web", ...change } },
    { proxy: { name: "new", upstream: "127.0.0.1:3", listen: `127.0.0.1:${api.port}` } },
  ]);
  expect([status, error]).toEqual([500, expect.stringContaining("address already in use")]);
  talk.send("!");
  expect(await Promise.race([talk.until(7), talk.ended])).toBe("no TLS!");
});

describe("what is wrong is said, with its place", () => {
  test.each(["db", "db:", "db:0", "db:99999", "http://db:80", "db:http", "a:b:c", "[::1]"])(
    "no server can be at %s",
    async (upstream) => {
      await using api = await startTestApi();
      const { status, text } = await api.call("PUT", "/sinbin/proxies/x", { upstream });
      const error = "upstream: write a host and a port from 1 to 65535, such as db.test:5432";
      expect([status, JSON.parse(text)]).toEqual([400, { status: 400, error }]);
      // Toxiproxy's clients expect what Toxiproxy does.
      expect((await api.call("POST", "/proxies", { name: "x", upstream, enabled: false })).status).toBe(201);
    },
  );

  test.each([
    ["/sinbin/changes", "{", "the body is no JSON"],
    ["/sinbin/changes", {}, "write a list of changes"],
    ["/sinbin/changes", [{}], "[0]: write { proxy: … }, { remove: NAME }, { fault: … } or { lift: NAME }"],
    [
      "/sinbin/changes",
      [{ proxy: { name: "x", upstrem: "a:1" } }],
      "[0].proxy: there is no key upstrem here: did you mean upstream?",
    ],
    ["/sinbin/changes", [{ lift: 5 }], "[0].lift: write a name, such as db"],
    [
      "/sinbin/faults",
      { "tcp.latency": { delay: 100 }, where: "x" },
      "tcp.latency.delay: write a duration with its unit",
    ],
    ["/sinbin/faults", { "tcp.nope": {}, where: "x" }, "there is no key tcp.nope here"],
    ["/sinbin/faults", { "ntp.kod": {}, where: "x" }, "no key ntp.kod here: did you mean ntp.kiss_of_death?"],
    ["/sinbin/faults", { "tcp.latenc": {}, where: "x" }, "there is no key tcp.latenc here: did you mean tcp.latency?"],
    [
      "/sinbin/faults",
      { "tcp.slow-close": {}, where: "x" },
      "no key tcp.slow-close here: did you mean tcp.slow_close?",
    ],
    ["/sinbin/faults", { ...latency, where: [] }, "where: write at least one proxy, such as [db]"],
    ["/sinbin/faults", { where: "x" }, "write exactly one fault"],
    ["/sinbin/faults", { ...latency, "tcp.reset": null }, "write exactly one fault"],
    [
      "/sinbin/faults",
      { "tcp.latency": { delay: "1ms" } },
      "where: write the name of a proxy, a list of names, or all",
    ],
    [
      "/sinbin/faults",
      { "dns.renumber": { from: "link:fetch", to: "198.18.0.9" }, where: "x" },
      "dns.renumber.from: write an address: link:fetch is a link of a plan, and here is none",
    ],
    ["/sinbin/faults", { "tcp.stranger": { to: "link:next" }, where: "x" }, "tcp.stranger.to: write an address: link:"],
    [
      "/sinbin/faults",
      { "tcp.stranger": { to: "next.test" }, where: "x" },
      "tcp.stranger.to: write a host and a port, such as db2.test:5432, or in a plan another link of it",
    ],
    ["/sinbin/faults", { ...latency, for: "soon" }, "for: write a duration"],
    ["/sinbin/faults", { ...latency, for: "0s" }, "for: write a time above 0, such as 30s"],
    ["/sinbin/faults", { "tcp.limit": {}, where: "x" }, "tcp.limit: write at least one of bytes and time, such as"],
    ["/sinbin/faults", { "tcp.limit": null, where: "x" }, "tcp.limit: write an object"],
    ["/sinbin/faults", { "udp.loss": {}, where: "x" }, "udp.loss: write at least one of probability and p, such as"],
  ])("%s %j", async (path, body, complaint) => {
    await using api = await startTestApi();
    const { status, text, headers } = await api.call("POST", path, body);
    expect([status, headers["content-type"]]).toEqual([400, "application/json"]);
    expect((JSON.parse(text) as All).error).toContain(complaint);
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
