/** What a validating resolver makes of signatures: delv, of BIND, which trusts the key of a zone of the test's own. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RrsigAnswer, RrsigData } from "dns-packet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openClient, run, startScene } from "./dns.testing.ts";
import { createSignedZone } from "./signed.testing.ts";

const now = Math.floor(Date.now() / 1000);
const { anchors, respond } = createSignedZone(now);
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sinbin-dnssec-"));
  await writeFile(join(folder, "anchors"), anchors);
});
afterAll(() => rm(folder, { recursive: true }));

async function delv(port: number): Promise<string> {
  const trusts = ["-a", join(folder, "anchors"), "+root=signed.test"];
  return (await run("delv", ["@127.0.0.1", "-p", String(port), ...trusts, "+vtrace", "plc.signed.test", "A"])).said;
}

const flags = { flags: 0, flag_do: true, options: [] };
const wantsSignatures = {
  additionals: [{ type: "OPT" as const, name: ".", udpPayloadSize: 1232, extendedRcode: 0, ednsVersion: 0, ...flags }],
};

/** As dns-packet reads it. */
async function signatureOver(port: number): Promise<RrsigData | undefined> {
  await using client = await openClient(port);
  const { answers = [] } = await client.query("plc.signed.test", "A", 7, wantsSignatures);
  return answers.find((each): each is RrsigAnswer => each.type === "RRSIG")?.data;
}

describe.concurrent("delv, a resolver that validates", () => {
  test.each([
    ["says-authentic", /; fully validated\nplc/],
    ["expired", /RRSIG has expired/],
    ["not-yet-valid", /RRSIG validity period has not begun/],
    ["bogus", /RRSIG failed to verify/],
    ["unsigned", /broken trust chain/],
  ])("where signatures are %s", async (how, expected) => {
    await using scene = await startScene(respond);
    const validated = /; fully validated\nplc\.signed\.test\.\s+300\s+IN\s+A\s+10\.0\.0\.1/;
    expect(await delv(scene.port)).toMatch(validated);
    await scene.inject("dns.dnssec", { how }, { match: { qtype: "A" } });
    const says = await delv(scene.port);
    expect(says).toMatch(expected);
    expect(validated.test(says)).toBe(how === "says-authentic");
  });
});

describe.concurrent("on the wire", () => {
  const signed = { expiration: now + 86_400, inception: now - 86_400 };

  test.each([
    ["expired", "expiration" as const, -7200],
    ["not-yet-valid", "inception" as const, 7200],
  ])("a signature that is %s says so, and is valid for as long as before", async (how, end, off) => {
    await using scene = await startScene(respond);
    expect(await signatureOver(scene.port)).toMatchObject(signed);
    await scene.inject("dns.dnssec", { how, by: "2h" });
    const before = Math.floor(Date.now() / 1000);
    const changed = await signatureOver(scene.port);
    const after = Date.now() / 1000;
    if (changed === undefined) throw new Error("there is no signature");
    expect(changed[end] - off).toBeGreaterThanOrEqual(before);
    expect(changed[end] - off).toBeLessThanOrEqual(after);
    expect(changed.expiration - changed.inception).toBe(2 * 86_400);
  });

  test("one bit of a bogus signature is another one, and what is unsigned has none", async () => {
    await using scene = await startScene(respond);
    const before = await signatureOver(scene.port);
    const bogus = await scene.inject("dns.dnssec", { how: "bogus" });
    const after = await signatureOver(scene.port);
    expect(after).toMatchObject(signed);
    expect(after?.signature.at(-1)).toBe((before?.signature.at(-1) ?? 0) ^ 1);
    await bogus[Symbol.asyncDispose]();
    await scene.inject("dns.dnssec", { how: "unsigned" });
    expect(await signatureOver(scene.port)).toBeUndefined();
  });
});
