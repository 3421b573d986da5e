/** Clients that do what those did who were bitten: each is well without the fault, and not with it. */
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { DecodedPacket } from "dns-packet";
import { describe, expect, test } from "vitest";
import { until } from "../../host/talk.testing.ts";
import { answerFrom, dig, openClient, startScene, type Client } from "./dns.testing.ts";

function resolverAt(port: number): Resolver {
  const resolver = new Resolver({ timeout: 10_000, tries: 2 });
  resolver.setServers([`127.0.0.1:${port}`]);
  return resolver;
}

describe("wrong data", () => {
  test("a cache that keeps whatever is in a message is poisoned, and one that asks for itself is not", async () => {
    await using scene = await startScene();
    await scene.inject("dns.spoof", { address: "198.18.0.66", besides: "boot.test" }, { match: { qname: "plc.test" } });
    await using client = await openClient(scene.port);
    const cache = new Map<string, unknown>();
    const { answers = [], additionals = [] } = await client.query("plc.test");
    for (const each of [...answers, ...additionals]) if (each.type === "A") cache.set(each.name, each.data);
    expect(cache.get("boot.test")).toBe("198.18.0.66");
    expect(await resolverAt(scene.port).resolve4("boot.test")).toEqual(["10.0.0.2"]);
  });

  test("a cache that believes every TTL keeps for years what was wrong for a moment; one that reads 2^31 as RFC 2181 says does not", async () => {
    await using scene = await startScene();
    const cacheOf = async (readTtl: (ttl: number) => number) => {
      const [kept] = await resolverAt(scene.port).resolve4("plc.test", { ttl: true });
      return { hasItAfter: (seconds: number) => readTtl(kept?.ttl ?? 0) >= seconds };
    };
    const year = 365 * 86_400;
    expect((await cacheOf((ttl) => ttl)).hasItAfter(year)).toBe(false);
    const pinned = await scene.inject("dns.ttl", { seconds: 2_147_483_647 });
    expect((await cacheOf((ttl) => ttl)).hasItAfter(60 * year)).toBe(true);
    await pinned[Symbol.asyncDispose]();
    await scene.inject("dns.ttl", { seconds: 2_147_483_648 });
    expect((await cacheOf((ttl) => ttl)).hasItAfter(60 * year)).toBe(true);
    expect((await cacheOf((ttl) => (ttl > 2_147_483_647 ? 0 : ttl))).hasItAfter(1)).toBe(false);
  });

  test("who looks a name up once is left behind by an alias that moves, and finds itself again when it is back", async () => {
    await using scene = await startScene();
    const resolver = resolverAt(scene.port);
    const [kept] = await resolver.resolve4("plc.test");
    const moved = await scene.inject("dns.answer", { name: "plc.test", cname: "boot.test", ttl: "5s" });
    expect(await resolver.resolve4("plc.test")).not.toContain(kept);
    expect(scene.server.asked.at(-1)?.query.questions).toMatchObject([{ name: "boot.test", type: "A" }]);
    expect(await resolver.resolve4("www.test")).toContain(kept);
    await moved[Symbol.asyncDispose]();
    expect(await resolver.resolve4("plc.test")).toContain(kept);
  });

  test("a door that admits hosts whose address leads back to itself shuts out one whose PTR is a stranger's", async () => {
    await using scene = await startScene();
    const resolver = resolverAt(scene.port);
    const isAdmitted = async (address: string): Promise<boolean> => {
      const names = await resolver.reverse(address).catch(() => []);
      const forward = await Promise.all(names.map((name) => resolver.resolve4(name).catch(() => [])));
      return forward.flat().includes(address);
    };
    expect(await isAdmitted("10.0.0.1")).toBe(true);
    for (const how of ["other", "none", "many"]) {
      const injected = await scene.inject("dns.ptr", { how });
      expect(await isAdmitted("10.0.0.1")).toBe(false);
      await injected[Symbol.asyncDispose]();
    }
  });

  test("a client that tries the first address only is lost where IPv6 leads nowhere; one that tries all is not", async () => {
    await using server = createServer((socket) => socket.end());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const bound = server.address();
    if (bound === null || typeof bound === "string") throw new Error("a TCP server has an address");
    await using scene = await startScene((query) => {
      const reply = answerFrom(query);
      const answers = reply.answers?.map((each) => (each.type === "A" ? { ...each, data: "127.0.0.1" } : each));
      return { ...reply, ...(answers && { answers }) };
    });
    const resolver = resolverAt(scene.port);
    /** IPv6 before IPv4, as RFC 6724 has it. */
    const addresses = async (): Promise<readonly string[]> => [
      ...(await resolver.resolve6("boot.test").catch(() => [])),
      ...(await resolver.resolve4("boot.test")),
    ];
    const reaches = async (host = ""): Promise<boolean> => {
      const socket = connect({ host, port: bound.port });
      const reached = await Promise.race([
        once(socket, "connect").then(() => true),
        once(socket, "error").then(() => false),
      ]).catch(() => false);
      socket.destroy();
      return reached;
    };
    expect(await reaches((await addresses())[0])).toBe(true);
    await scene.inject("dns.unroutable-aaaa", { address: "::1" });
    const all = await addresses();
    expect(all).toEqual(["::1", "127.0.0.1"]);
    expect(await reaches(all[0])).toBe(false);
    expect(await reaches(all[1])).toBe(true);
  });

  test("a search list finds a stranger where a site has a wildcard", async () => {
    await using scene = await startScene();
    // glibc's `ndots:2` and `search site.test`, for a name that has one dot.
    const search = ["+search", "+domain=site.test", "+ndots=2", "+short", "+tries=3", "plc.test"];
    expect((await dig(scene.port, ...search)).said.trim()).toBe("10.0.0.1");
    await scene.inject("dns.wildcard", { address: "198.18.0.80", under: "site.test" });
    expect((await dig(scene.port, ...search)).said.trim()).toBe("198.18.0.80");
  });
});

test("a reply to what a fault has asked in a client's place answers what the client has asked, also if the fault is lifted by then", async () => {
  const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>();
  await using scene = await startScene(async (query) => {
    await mayAnswer;
    return answerFrom(query);
  });
  const injected = await scene.inject("dns.answer", { name: "plc.test", cname: "boot.test" });
  await using client = await openClient(scene.port);
  const heard = client.query("plc.test");
  await until(() => scene.server.asked.length === 1);
  await injected[Symbol.asyncDispose]();
  answer();
  expect(await heard).toMatchObject({
    questions: [{ name: "plc.test", type: "A" }],
    answers: [
      { name: "plc.test", type: "CNAME", data: "boot.test" },
      { name: "boot.test", type: "A", data: "10.0.0.2" },
    ],
  });
  expect(scene.hits).toHaveLength(1);
});

describe("circles", () => {
  test("who follows aliases never gets out of a loop", async () => {
    await using scene = await startScene();
    await using client = await openClient(scene.port);
    expect(await follow(client, "www.test", 10)).toBe("10.0.0.1");
    const asked = scene.server.asked.length;
    await scene.inject("dns.cname-loop", { length: 3 });
    expect(await follow(client, "www.test", 10)).toBeUndefined();
    expect(scene.server.asked.length - asked).toBe(10);
  });

  test.each([
    ["no-glue", 0],
    ["loop", 0],
    ["upwards", 0],
    ["wrong-glue", 19],
  ])("who follows referrals finds nothing behind a lame delegation: %s", async (how, left) => {
    await using scene = await startScene();
    await using client = await openClient(scene.port);
    expect(await iterate(client, "plc.test", { left: 20 })).toBe("10.0.0.1");
    await scene.inject("dns.lame-delegation", { how });
    const budget = { left: 20 };
    expect(await iterate(client, "plc.test", budget)).toBeUndefined();
    expect(Math.max(0, budget.left)).toBe(left);
  });
});

/** Follows aliases from message to message, as a resolver does that believes each of them. */
async function follow(client: Client, name: string, most: number): Promise<string | undefined> {
  let wanted = name;
  for (let hop = 0; hop < most; hop += 1) {
    const { answers = [] } = await client.query(wanted, "A", hop + 1);
    const found = new Map(answers.map((each) => [each.name, each]));
    let record = found.get(wanted);
    for (let n = 0; n < answers.length && record?.type === "CNAME"; n += 1) {
      wanted = record.data;
      record = found.get(wanted);
    }
    if (record?.type === "A") return record.data;
  }
  return undefined;
}

/** Asks whom it is referred to, at the address that it is told or can find; there is but one server. */
async function iterate(client: Client, name: string, budget: { left: number }): Promise<string | undefined> {
  const reply: DecodedPacket | undefined =
    budget.left-- > 0 ? await client.query(name, "A", budget.left + 1) : undefined;
  const [record] = reply?.answers ?? [];
  if (reply === undefined || record?.type === "A") return record?.type === "A" ? record.data : undefined;
  const [referral] = reply.authorities ?? [];
  if (referral?.type !== "NS") return undefined;
  const [glue] = reply.additionals ?? [];
  const server = glue?.type === "A" ? glue.data : await iterate(client, referral.data, budget);
  return server === undefined || server === "192.0.2.53" ? undefined : iterate(client, name, budget);
}
