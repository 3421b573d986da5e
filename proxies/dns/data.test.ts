/** What c-ares (Node's own resolver) makes of data that are wrong. What was on the wire is in what it says: names, addresses, times to live and rcodes. */
import { Resolver } from "node:dns/promises";
import { describe, expect, test } from "vitest";
import { answerFrom, startScene } from "./dns.testing.ts";

type Look = (resolver: Resolver) => Promise<unknown>;

interface Row {
  readonly kind: string;
  readonly parameters?: object;
  readonly look: Look;
  readonly without: unknown;
  readonly with: unknown;
}

const plc: Look = (resolver) => resolver.resolve4("plc.test");
const withTtl: Look = (resolver) => resolver.resolve4("plc.test", { ttl: true });
const alias: Look = (resolver) => resolver.resolveCname("plc.test");
const backwards: Look = (resolver) => resolver.reverse("10.0.0.1");
const nope: Look = (resolver) => resolver.resolve4("nope.test");

/** One after the other: each is a question of its own. */
function times(count: number, look: Look): Look {
  return async (resolver) => {
    const all: unknown[] = [];
    for (let n = 0; n < count; n += 1) all.push(await said(() => look(resolver)));
    return all;
  };
}

const ofName = { look: plc, without: ["10.0.0.1"] };
const ofAlias = { look: alias, without: "ENODATA" };
const ofAddress = { look: backwards, without: ["plc.test"] };
const ofNobody = { look: nope, without: "ENOTFOUND" };
const servfail = 2;
const refused = 5;
const xs = (count: number): string => "x".repeat(count);

const table: readonly Row[] = [
  { kind: "dns.spoof", parameters: { address: "198.18.0.66" }, ...ofName, with: ["198.18.0.66"] },
  { kind: "dns.captive-portal", parameters: { address: "198.18.0.80" }, ...ofNobody, with: ["198.18.0.80"] },
  {
    kind: "dns.captive-portal",
    parameters: { address: "198.18.0.80" },
    look: (resolver) => resolver.resolve6("plc.test"),
    without: ["fd00::1"],
    with: "ENODATA",
  },
  { kind: "dns.answer", parameters: { name: "PLC.test", cname: "boot.test" }, ...ofName, with: ["10.0.0.2"] },
  { kind: "dns.answer", parameters: { name: "plc.test", cname: "boot.test" }, ...ofAlias, with: ["boot.test"] },
  { kind: "dns.answer", parameters: { name: "plc.test", cname: "nope.test" }, ...ofName, with: "ENOTFOUND" },
  {
    kind: "dns.answer",
    parameters: { name: "plc.test", address: "198.18.0.9", ttl: "5s" },
    look: withTtl,
    without: [{ address: "10.0.0.1", ttl: 300 }],
    with: [{ address: "198.18.0.9", ttl: 5 }],
  },
  {
    kind: "dns.answer",
    parameters: { name: "plc.test", address: "fd00::9" },
    look: async (resolver) => [await resolver.resolve6("plc.test"), await said(() => plc(resolver))],
    without: [["fd00::1"], ["10.0.0.1"]],
    with: [["fd00::9"], "ENODATA"],
  },
  {
    kind: "dns.cname-flap",
    parameters: { to: "boot.test", or: "pair.test" },
    look: times(3, plc),
    without: [["10.0.0.1"], ["10.0.0.1"], ["10.0.0.1"]],
    with: [["10.0.0.2"], ["10.0.0.3", "10.0.0.4"], ["10.0.0.2"]],
  },
  {
    kind: "dns.cname-flap",
    parameters: { to: "boot.test", or: "pair.test" },
    look: times(2, alias),
    without: ["ENODATA", "ENODATA"],
    with: [["boot.test"], ["pair.test"]],
  },
  { kind: "dns.cname-loop", parameters: { length: 1 }, ...ofName, with: [] },
  { kind: "dns.cname-loop", ...ofName, with: [] },
  {
    kind: "dns.cname-loop",
    parameters: { length: 100, end: "chain" },
    look: withTtl,
    without: [{ address: "10.0.0.1", ttl: 300 }],
    with: [{ address: "10.0.0.1", ttl: 1 }],
  },
  { kind: "dns.broken-cname", parameters: { how: "dangling" }, ...ofName, with: "ENOTFOUND" },
  { kind: "dns.broken-cname", parameters: { how: "alone" }, ...ofName, with: [] },
  { kind: "dns.broken-cname", parameters: { how: "with-data" }, ...ofAlias, with: ["gone.invalid"] },
  { kind: "dns.broken-cname", parameters: { how: "at-apex" }, ...ofAlias, with: ["gone.invalid"] },
  {
    kind: "dns.inconsistent",
    parameters: { address: "198.18.0.9" },
    look: times(4, plc),
    without: [["10.0.0.1"], ["10.0.0.1"], ["10.0.0.1"], ["10.0.0.1"]],
    with: [["10.0.0.1"], ["198.18.0.9"], ["10.0.0.1"], ["198.18.0.9"]],
  },
  {
    kind: "dns.renumber",
    parameters: { from: "10.0.0.1", to: "10.0.0.99" },
    look: (resolver) => resolver.resolve4("www.test"),
    without: ["10.0.0.1"],
    with: ["10.0.0.99"],
  },
  ...[0, 1, 2_147_483_647, 2_147_483_648, 4_294_967_295].map((seconds) => ({
    kind: "dns.ttl",
    parameters: { seconds },
    look: withTtl,
    without: [{ address: "10.0.0.1", ttl: 300 }],
    with: [{ address: "10.0.0.1", ttl: seconds }],
  })),
  {
    kind: "dns.ttl",
    parameters: { seconds: 5, each: 1 },
    look: (resolver) => resolver.resolve4("pair.test", { ttl: true }),
    without: [3, 4].map((n) => ({ address: `10.0.0.${n}`, ttl: 300 })),
    with: [3, 4].map((n) => ({ address: `10.0.0.${n}`, ttl: n + 2 })),
  },
  {
    kind: "dns.ttl",
    parameters: { seconds: 3, per_question: -2 },
    look: times(3, withTtl),
    without: [300, 300, 300].map((ttl) => [{ address: "10.0.0.1", ttl }]),
    with: [3, 1, 0].map((ttl) => [{ address: "10.0.0.1", ttl }]),
  },
  { kind: "dns.ptr", ...ofAddress, with: ["stranger.test"] },
  { kind: "dns.ptr", parameters: { how: "none" }, ...ofAddress, with: "ENOTFOUND" },
  {
    kind: "dns.ptr",
    parameters: { how: "many", count: 3 },
    ...ofAddress,
    with: ["name-1.stranger.test", "name-2.stranger.test", "name-3.stranger.test"],
  },
  { kind: "dns.shared-name", parameters: { address: "198.18.0.9" }, ...ofName, with: ["198.18.0.9", "10.0.0.1"] },
  {
    kind: "dns.shared-name",
    parameters: { address: "198.18.0.9", place: "instead" },
    ...ofName,
    with: ["198.18.0.9"],
  },
  // Who is not there has no address more, and no fault has hit.
  ...["first", "last", "instead"].map((place) => ({
    kind: "dns.shared-name",
    parameters: { address: "198.18.0.9", place },
    ...ofNobody,
    with: "ENOTFOUND",
  })),
  { kind: "dns.address-order", parameters: { dead: "198.18.0.99" }, ...ofNobody, with: "ENOTFOUND" },
  { kind: "dns.huge", ...ofNobody, with: "ENOTFOUND" },
  {
    kind: "dns.unroutable-aaaa",
    look: (resolver) => resolver.resolve6("nope.test"),
    without: "ENOTFOUND",
    with: "ENOTFOUND",
  },
  {
    kind: "dns.split-horizon",
    parameters: { flip: 2 },
    look: times(5, plc),
    without: Array.from({ length: 5 }, () => ["10.0.0.1"]),
    with: ["ENOTFOUND", "ENOTFOUND", ["10.0.0.1"], ["10.0.0.1"], "ENOTFOUND"],
  },
  {
    kind: "dns.address-order",
    parameters: { dead: "198.18.0.99" },
    look: times(3, async (resolver) => (await resolver.resolve4("pair.test"))[0]),
    without: ["10.0.0.3", "10.0.0.3", "10.0.0.3"],
    with: ["10.0.0.4", "198.18.0.99", "10.0.0.3"],
  },
  {
    kind: "dns.unroutable-aaaa",
    look: (resolver) => resolver.resolve6("boot.test"),
    without: "ENODATA",
    with: ["2001:db8::dead"],
  },
  ...["upwards", "no-glue", "wrong-glue", "loop"].map((how) => ({
    kind: "dns.lame-delegation",
    parameters: { how },
    ...ofName,
    with: "ENODATA",
  })),
  {
    kind: "dns.huge",
    look: async (resolver) => new Set(await resolver.resolve4("plc.test")).size,
    without: 1,
    with: 500,
  },
  {
    kind: "dns.huge",
    parameters: { records: 4000 },
    look: async (resolver) => (await resolver.resolveTxt("plc.test")).flat().join("").length,
    without: 5,
    with: 223 * 255,
  },
  ...Object.entries({
    full: [[xs(63), xs(63), xs(63), xs(61)].join(".")],
    "too-long": "EBADRESP",
    "long-name": "EBADRESP",
    nul: [String.raw`plc\000.test`],
    dot: [String.raw`plc\.test.test`],
    space: ["two words.test"],
    underscore: ["_plc.test"],
    upper: ["PLC.TEST"],
    idn: ["xn--bcher-kva.test"],
    utf8: [String.raw`b\195\188cher.test`],
    root: [""],
  }).map(([label, expected]) => ({ kind: "dns.odd-labels", parameters: { label }, ...ofAlias, with: expected })),
  {
    kind: "dns.wildcard",
    parameters: { address: "198.18.0.80", under: "test" },
    ...ofNobody,
    with: ["198.18.0.80"],
  },
  { kind: "dns.wildcard", parameters: { address: "198.18.0.80", under: "site.test" }, ...ofNobody, with: "ENOTFOUND" },
  { kind: "dns.wildcard", parameters: { address: "198.18.0.80", under: "." }, ...ofNobody, with: ["198.18.0.80"] },
];

describe.concurrent("c-ares hears", () => {
  test.each(table.map((row) => [`${row.kind} ${JSON.stringify(row.parameters ?? {})}`, row] as const))(
    "%s",
    async (_what, { kind, parameters, look, without, with: expected }) => {
      await using scene = await startScene();
      const ask = (): Promise<unknown> => said(() => look(resolverAt(scene.port)));
      expect(await ask()).toEqual(without);
      await scene.inject(kind, parameters);
      expect(await ask()).toEqual(expected);
      expect(scene.hits.length > 0).toBe(JSON.stringify(expected) !== JSON.stringify(without));
    },
  );

  test.each([
    ["dns.shared-name", { address: "198.18.0.9" }, "resolve4"],
    ["dns.unroutable-aaaa", {}, "resolve6"],
    ["dns.huge", {}, "resolve4"],
  ] as const)("that the server has failed, and no address beside it: %s", async (kind, parameters, look) => {
    await using scene = await startScene((query) => ({ ...answerFrom(query), flags: servfail, answers: [] }));
    await scene.inject(kind, parameters);
    expect(await said(() => resolverAt(scene.port)[look]("plc.test"))).toBe("ESERVFAIL");
    expect(scene.hits).toEqual([]);
  });

  test.each([
    [
      "has an address, and of another type nothing, below the domain",
      "nope.site.test",
      "site.test",
      ["198.18.0.80"],
      "ENODATA",
    ],
    ["has an address wherever it is below the root", "nope.other.test", ".", ["198.18.0.80"], "ENODATA"],
    ["stays refused elsewhere", "nope.other.test", "site.test", "EREFUSED", "EREFUSED"],
    ["stays refused where no domain was named", "nope.site.test", undefined, "EREFUSED", "EREFUSED"],
  ])("that what a server refuses %s", async (_how, name, under, v4, v6) => {
    await using scene = await startScene((query) => ({ ...answerFrom(query), flags: refused, authorities: [] }));
    await scene.inject("dns.wildcard", { address: "198.18.0.80", ...(under !== undefined && { under }) });
    const resolver = resolverAt(scene.port);
    expect(await said(() => resolver.resolve4(name))).toEqual(v4);
    expect(await said(() => resolver.resolve6(name))).toBe(v6);
    // Without it glibc takes NODATA for the answer of a lame server.
    expect(/response, AA/.test(scene.messages.at(-1)?.message ?? "")).toBe(v6 === "ENODATA");
  });

  test("the true answer where a forged one comes behind it", async () => {
    await using scene = await startScene();
    await scene.inject("dns.spoof", { address: "198.18.0.66", race: "lose" });
    expect(await said(() => plc(resolverAt(scene.port)))).toEqual(["10.0.0.1"]);
    expect(scene.messages.at(-1)?.message).toContain("198.18.0.66");
  });
});

function resolverAt(port: number): Resolver {
  const resolver = new Resolver({ timeout: 10_000, tries: 2 });
  resolver.setServers([`127.0.0.1:${port}`]);
  return resolver;
}

/** What it says, or by which name it fails. */
async function said(look: () => Promise<unknown>): Promise<unknown> {
  try {
    return await look();
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
}
