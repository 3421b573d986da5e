/** Faults that act on one question are boxes one behind the other: the latest is the nearest to the client, and each sees what the next one makes. */
import { describe, expect, test } from "vitest";
import { until } from "../../host/talk.testing.ts";
import { answerFrom, dig, openClient, startScene } from "./dns.testing.ts";

type Fault = readonly [kind: string, parameters?: object];

const alias = (name: string, cname: string): Fault => ["dns.answer", { name, cname }];
const always = (target: string): Fault => ["dns.cname-flap", { to: target, or: target }];

describe.concurrent("dig follows from box to box", () => {
  test.each<readonly [what: string, faults: readonly Fault[], said: RegExp]>([
    [
      "an alias of an alias",
      [alias("boot.test", "pair.test"), alias("plc.test", "boot.test")],
      /plc\.test\.\s+60\s+IN\s+CNAME\s+boot\.test\.\nboot\.test\.\s+60\s+IN\s+CNAME\s+pair\.test\.\npair\.test\.\s+300\s+IN\s+A\s+10\.0\.0\.3\n/,
    ],
    [
      "two aliases of one name: the later one",
      [alias("plc.test", "boot.test"), alias("plc.test", "pair.test")],
      /SECTION:\nplc\.test\.\s+60\s+IN\s+CNAME\s+pair\.test\.\npair\.test\.\s+300\s+IN\s+A\s+10\.0\.0\.3\n/,
    ],
    [
      "a flap behind a flap",
      [always("boot.test"), always("gate.test")],
      /plc\.test\.\s+1\s+IN\s+CNAME\s+gate\.test\.\ngate\.test\.\s+1\s+IN\s+CNAME\s+boot\.test\.\nboot\.test\.\s+300\s+IN\s+A\s+10\.0\.0\.2\n/,
    ],
    [
      "an alias that dangles behind an alias",
      [["dns.broken-cname", { how: "dangling" }], alias("plc.test", "boot.test")],
      /NXDOMAIN[^]*plc\.test\.\s+60\s+IN\s+CNAME\s+boot\.test\.\nboot\.test\.\s+60\s+IN\s+CNAME\s+gone\.invalid\.\n/,
    ],
    [
      "a loop behind an alias",
      [["dns.cname-loop", { length: 1 }], alias("plc.test", "boot.test")],
      /plc\.test\.\s+60\s+IN\s+CNAME\s+boot\.test\.\nboot\.test\.\s+1\s+IN\s+CNAME\s+boot\.test\.\n/,
    ],
    [
      "an alias behind an odd label",
      [alias("plc.test", "boot.test"), ["dns.odd-labels", { label: "underscore" }]],
      /SECTION:\nplc\.test\.\s+60\s+IN\s+CNAME\s+_plc\.test\.\n_plc\.test\.\s+300\s+IN\s+A\s+10\.0\.0\.2\n/,
    ],
    [
      "an error behind an alias",
      [["dns.rcode", { code: "servfail" }], alias("plc.test", "boot.test")],
      /SERVFAIL[^]*plc\.test\.\s+60\s+IN\s+CNAME\s+boot\.test\.\n/,
    ],
    [
      "a portal behind a flap",
      [["dns.captive-portal", { address: "198.18.0.80" }], always("boot.test")],
      /plc\.test\.\s+1\s+IN\s+CNAME\s+boot\.test\.\nboot\.test\.\s+60\s+IN\s+A\s+198\.18\.0\.80\n/,
    ],
    [
      "an error in front of an alias",
      [alias("plc.test", "boot.test"), ["dns.rcode", { code: "servfail" }]],
      /SERVFAIL[^]*ANSWER: 0,[^]*;plc\.test\.\s+IN\s+A\n/,
    ],
    [
      "a reply to another question behind an alias",
      [["dns.letter-case", { to: "upper" }], alias("plc.test", "boot.test")],
      /;plc\.test\.\s+IN\s+A\n[^]*\nplc\.test\.\s+60\s+IN\s+CNAME\s+boot\.test\.\nBOOT\.TEST\.\s+300\s+IN\s+A\s+10\.0\.0\.2\n/,
    ],
  ])("%s", async (_what, faults, said) => {
    await using scene = await startScene();
    for (const fault of faults) await scene.inject(...fault);
    const heard = (await dig(scene.port, "+tries=5", "+time=5", "plc.test")).said;
    expect(heard).toMatch(said);
    expect(heard).not.toContain("mismatch");
  });
});

test("fragments are lost in front of what makes them, and not behind it", async () => {
  const oversize: Fault = ["dns.oversize", { size: "3000B" }];
  const lost: Fault = ["dns.lost-fragments"];
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  const makers = [await scene.inject(...oversize), await scene.inject(...lost)];
  client.ask("plc.test");
  await until(() => scene.hits.length === 2);
  for (const each of makers) await each[Symbol.asyncDispose]();
  await scene.inject(...lost);
  await scene.inject(...oversize);
  client.ask("plc.test", "A", 8);
  const { bytes } = await client.hear();
  expect([bytes.readUInt16BE(), bytes.length > 3000]).toEqual([8, true]);
});

test("aliases that are lifted while the server is asked are in its reply, one behind the other", async () => {
  const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>();
  await using scene = await startScene(async (query) => {
    await mayAnswer;
    return answerFrom(query);
  });
  await using client = await openClient(scene.port);
  const behind = await scene.inject(...alias("gate.test", "boot.test"));
  const inFront = await scene.inject(...alias("plc.test", "gate.test"));
  client.ask("plc.test");
  await until(() => scene.server.asked.length === 1);
  await behind[Symbol.asyncDispose]();
  await inFront[Symbol.asyncDispose]();
  answer();
  await client.hear();
  expect(scene.messages.at(-1)?.message).toContain(
    "Question plc.test IN A; Answer plc.test 60 IN CNAME gate.test, gate.test 60 IN CNAME boot.test, boot.test 300 IN A 10.0.0.2",
  );
});

test.each([
  [
    "behind an alias tells old addresses of its target",
    true,
    "boot.test.\n10.0.0.2\n",
    "pair.test.\n10.0.0.3\n10.0.0.4\n",
  ],
  ["in front of an alias tells an old alias", false, "boot.test.\n10.0.0.2\n", "boot.test.\n10.0.0.2\n"],
])("dns.stale %s", async (_what, isBehind, before, after) => {
  await using scene = await startScene();
  const flap: Fault = ["dns.cname-flap", { to: "boot.test", or: "pair.test" }];
  const stale: Fault = ["dns.stale", { behind: "1h" }];
  for (const fault of isBehind ? [stale, flap] : [flap, stale]) await scene.inject(...fault);
  const ask = async (): Promise<string> => (await dig(scene.port, "+tries=5", "+short", "plc.test")).said;
  expect([await ask(), await ask()]).toEqual([before, after]);
});
