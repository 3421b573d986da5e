/** One of two servers, and one of two families: the other is well, and who asks both gets along. */
import { Resolver } from "node:dns/promises";
import { describe, expect, test } from "vitest";
import { dig, openClient, startScene } from "./dns.testing.ts";

function resolverAt(timeout: number, ...ports: readonly number[]): Resolver {
  const resolver = new Resolver({ timeout, tries: 2 });
  resolver.setServers(ports.map((port) => `127.0.0.1:${port}`));
  return resolver;
}

async function said(look: Promise<unknown>): Promise<unknown> {
  try {
    return await look;
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
}

describe.concurrent("row 3: one of several servers", () => {
  test("is mute: dig hears nothing of it and all of the other, and c-ares goes on to that one", async () => {
    await using first = await startScene();
    await using second = await startScene();
    const both = resolverAt(500, first.port, second.port);
    expect(await both.resolve4("plc.test")).toEqual(["10.0.0.1"]);
    expect(second.server.asked).toEqual([]);
    await first.inject("dns.blackhole");
    expect((await dig(first.port, "plc.test")).said).toMatch(/timed out/);
    expect((await dig(second.port, "+tries=5", "+time=5", "plc.test")).said).toContain("10.0.0.1");
    const asked = second.server.asked.length;
    expect(await both.resolve4("plc.test")).toEqual(["10.0.0.1"]);
    expect(second.server.asked.length).toBeGreaterThan(asked);
    expect(await said(resolverAt(500, first.port).resolve4("plc.test"))).toBe("ETIMEOUT");
  });

  test("says SERVFAIL: Node's c-ares takes that for an answer, and never asks the other, which is well", async () => {
    await using first = await startScene();
    await using second = await startScene();
    const both = resolverAt(10_000, first.port, second.port);
    expect(await both.resolve4("plc.test")).toEqual(["10.0.0.1"]);
    await first.inject("dns.rcode", { code: "servfail" });
    await using client = await openClient(first.port);
    expect(await client.query("plc.test")).toMatchObject({ rcode: "SERVFAIL", answers: [] });
    expect(await said(both.resolve4("plc.test"))).toBe("ESERVFAIL");
    expect(second.server.asked).toEqual([]);
    expect(await resolverAt(10_000, second.port).resolve4("plc.test")).toEqual(["10.0.0.1"]);
  });
});

const addresses = { A: "10.0.0.1", AAAA: "fd00::1" } as const;
const ways = [
  ["dns.rcode", { code: "servfail" }, "SERVFAIL", "ESERVFAIL"],
  ["dns.rcode", { code: "nxdomain" }, "NXDOMAIN", "ENOTFOUND"],
  ["dns.empty", {}, "NOERROR", "ENODATA"],
] as const;

describe.concurrent("row 22: one family fails, and the other works", () => {
  test.each(
    (["A", "AAAA"] as const).flatMap((family) => ways.map(([kind, ...rest]) => [kind, family, ...rest] as const)),
  )("%s of %s", async (kind, family, parameters, rcode, code) => {
    const other = family === "A" ? "AAAA" : "A";
    await using scene = await startScene();
    const look = async () => {
      const resolver = resolverAt(10_000, scene.port);
      return { A: await said(resolver.resolve4("plc.test")), AAAA: await said(resolver.resolve6("plc.test")) };
    };
    expect(await look()).toEqual({ A: [addresses.A], AAAA: [addresses.AAAA] });
    await scene.inject(kind, parameters, { match: { qtype: family } });
    expect(await look()).toEqual({ [family]: code, [other]: [addresses[other]] });
    // What was on the wire.
    await using client = await openClient(scene.port);
    expect(await client.query("plc.test", family)).toMatchObject({ rcode, answers: [] });
    expect(await client.query("plc.test", other)).toMatchObject({
      rcode: "NOERROR",
      answers: [{ type: other, data: addresses[other] }],
    });
    const heard = async (type: string): Promise<string> =>
      (await dig(scene.port, "+tries=5", "+time=5", "plc.test", type)).said;
    expect(await heard(family)).toContain(`status: ${rcode}`);
    expect(await heard(other)).toContain(addresses[other]);
  });

  test.each(["A", "AAAA"] as const)("%s is lost, and dig hears the other", async (family) => {
    const other = family === "A" ? "AAAA" : "A";
    await using scene = await startScene();
    await scene.inject("dns.loss", {}, { match: { qtype: family } });
    expect((await dig(scene.port, "plc.test", family)).said).toMatch(/timed out/);
    expect((await dig(scene.port, "+tries=5", "+time=5", "plc.test", other)).said).toContain(addresses[other]);
  });
});
