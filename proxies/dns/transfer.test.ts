/** A transfer of a zone: many messages over TCP that answer one query (RFC 5936). */
import type { Answer, DecodedPacket, Packet } from "dns-packet";
import { expect, test } from "vitest";
import { until } from "../../host/talk.testing.ts";
import { answerFrom, dig, soa, startScene } from "./dns.testing.ts";

const hosts = Array.from({ length: 40 }, (_, n): Answer => ({
  name: `h${n}.test`,
  type: "A",
  ttl: 60,
  data: `10.0.2.${n}`,
}));

function transfer(query: DecodedPacket): readonly Packet[] {
  return [soa, ...hosts, soa].map((record) => ({ ...answerFrom(query), authorities: [], answers: [record] }));
}

async function hostsHeard(port: number): Promise<readonly string[]> {
  const { said } = await dig(port, "+time=60", "test", "AXFR");
  expect(said).toContain(`XFR size: ${hosts.length + 2} records (messages ${hosts.length + 2}`);
  return [...said.matchAll(/^(h\d+\.test)\.\s/gm)].map(([, name = ""]) => name);
}

const names = hosts.map(({ name }) => name);

test.each([
  ["dns.slow", { by: "20ms" }],
  ["dns.stale", { behind: "1h" }],
  ["dns.ttl", { seconds: 5 }],
  ["dns.duplicate", { after: "5ms" }],
])("is in order, and whole, with %s %j", async (kind, parameters) => {
  await using scene = await startScene(transfer);
  await scene.inject(kind, parameters);
  expect(await hostsHeard(scene.port)).toEqual(names);
});

test("is in order when what was kept back is let go", async () => {
  await using scene = await startScene(transfer);
  const injected = await scene.inject("dns.slow", { by: "1h" });
  const heard = hostsHeard(scene.port);
  await until(() => scene.hits.length > 0);
  await injected[Symbol.asyncDispose]();
  expect(await heard).toEqual(names);
});
