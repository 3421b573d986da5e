import { decode } from "dns-packet";
import { describe, expect, test } from "vitest";
import { until } from "../../host/talk.testing.ts";
import { answerFrom, dig, openClient, openTcpClient, questionFor, startScene } from "./dns.testing.ts";

describe("without a fault", () => {
  test("dig hears over UDP and over TCP what the server says, and every message is told in a line", async () => {
    await using scene = await startScene();
    expect((await dig(scene.port, "plc.test")).said).toMatch(
      /status: NOERROR[^]*plc\.test\.\s+300\s+IN\s+A\s+10\.0\.0\.1/,
    );
    expect((await dig(scene.port, "+tcp", "www.test")).said).toMatch(/www\.test\.\s+300\s+IN\s+CNAME\s+plc\.test/);
    expect(scene.server.asked.map(({ transport }) => transport)).toEqual(["udp", "tcp"]);
    const [query, reply] = scene.messages;
    expect(query?.message).toMatch(/^ID \d+, query, RD AD; Question plc\.test IN A; OPT VERSION 0, UDP 1232$/);
    expect(reply?.message).toMatch(
      /^ID \d+, response, AA RD RA, RCODE NOERROR; Question plc\.test IN A; Answer plc\.test 300 IN A 10\.0\.0\.1; OPT/,
    );
    expect(scene.messages.map(({ type, connection, transport }) => `${type} ${connection} ${transport}`)).toEqual([
      "query 1 udp",
      "reply 1 udp",
      "query 2 tcp",
      "reply 2 tcp",
    ]);
    await until(() => scene.events.some(({ type, connection }) => type === "close" && connection === 2));
  });

  test("dig asks again over TCP for what does not fit", async () => {
    await using scene = await startScene();
    expect((await dig(scene.port, "+bufsize=512", "big.test")).said).toMatch(
      /Truncated, retrying in TCP mode[^]*10\.0\.1\.59/,
    );
  });

  test("bytes that are no DNS pass both ways as they are", async () => {
    await using scene = await startScene();
    await using client = await openClient(scene.port);
    client.ask("plc.test", "A", 1, { questions: [] });
    await until(() => scene.server.asked.length === 1);
    const { bytes } = await client.hear();
    expect(decode(bytes).id).toBe(1);
  });

  test("many messages over one connection, in any pieces, answered in any order", async () => {
    await using scene = await startScene();
    await using client = await openTcpClient(scene.port);
    const all = Buffer.concat(
      [1, 2, 3].map((id) => {
        const bytes = questionFor("plc.test", "A", id);
        return Buffer.concat([Buffer.of(0, bytes.length), bytes]);
      }),
    );
    for (const byte of all) client.socket.write(Buffer.of(byte));
    const ids = [await client.hear(), await client.hear(), await client.hear()].map((bytes) => decode(bytes).id);
    expect(ids).toEqual([1, 2, 3]);
    client.socket.end();
    expect(await client.ended).toBe("FIN");
  });

  test("a server that is gone resets the connections of those who ask over TCP, and others are not kept waiting", async () => {
    await using scene = await startScene();
    await scene.server[Symbol.asyncDispose]();
    await using client = await openTcpClient(scene.port);
    client.ask("plc.test");
    expect(await client.ended).toContain("ECONNRESET");
  });
});

describe("logical questions", () => {
  test("are counted by client, name and type; what is asked again for want of an answer is the same one", async () => {
    await using scene = await startScene();
    await scene.inject("dns.blackhole", {}, { nth: 2, match: { qname: "plc.*", qtype: "A" } });
    await using client = await openClient(scene.port);
    expect((await client.query("plc.test", "A", 1)).id).toBe(1);
    client.ask("plc.test", "A", 2);
    client.ask("PLC.test", "A", 3);
    await using other = await openClient(scene.port);
    other.ask("plc.test", "A", 4);
    await until(() => scene.hits.length === 3);
    expect((await other.query("plc.test", "AAAA", 5)).id).toBe(5);
    expect((await other.query("boot.test", "A", 6)).id).toBe(6);
    expect(scene.hits.map(({ ordinal, attempt }) => [ordinal, attempt])).toEqual([
      [2, 1],
      [2, 2],
      [2, 3],
    ]);
    expect(client.heard()).toBe(1);
  });

  test.each([
    ["AAAA", "AAAA"],
    ["TYPE28", "AAAA"],
    ["EUI48", "TYPE108"],
    ["TYPE108", "EUI48"],
    ["TYPE65280", "TYPE65280"],
  ])("are of a type, by its name or its number: %s, and dig asks for %s", async (qtype, asked) => {
    await using scene = await startScene();
    await scene.inject("dns.rcode", { code: "notimp" }, { match: { qtype } });
    expect((await dig(scene.port, "plc.test", asked)).said).toContain("status: NOTIMP");
    expect((await dig(scene.port, "plc.test", "TXT")).said).toContain("status: NOERROR");
  });

  test("that are answered are over, so that the next one is another", async () => {
    await using scene = await startScene();
    await scene.inject("dns.blackhole", {}, { everyNth: 3 });
    await using client = await openClient(scene.port);
    await client.query("plc.test", "A", 1);
    await client.query("plc.test", "A", 1);
    client.ask("plc.test", "A", 1);
    await until(() => scene.hits.length === 1);
    expect(scene.server.asked.length).toBe(2);
  });

  test.each([
    ["proto: tcp", { match: { proto: "tcp" as const } }, [1]],
    ["client", { client: "127.0.0.0/8" }, [1, 2]],
    ["another client", { client: "10.0.0.1" }, []],
    ["another name", { match: { qname: "nope.test" } }, []],
  ])("are matched by %s", async (_what, selection, expected) => {
    await using scene = await startScene();
    await scene.inject("dns.slow", { by: "1ms" }, selection);
    await using over = await openTcpClient(scene.port);
    over.ask("plc.test");
    await over.hear();
    await using client = await openClient(scene.port);
    await client.query("plc.test");
    expect(scene.hits.map(({ connection }) => connection)).toEqual(expected);
  });
});

test("a fault that is lifted takes back the time that it has added, also for what was asked before it came", async () => {
  await using scene = await startScene();
  const injected = await scene.inject("dns.slow", { by: "1h" });
  await using client = await openClient(scene.port);
  client.ask("plc.test");
  await until(() => scene.server.asked.length === 1 && scene.hits.length === 1);
  expect(client.heard()).toBe(0);
  await injected[Symbol.asyncDispose]();
  expect(decode((await client.hear()).bytes).answers).toHaveLength(1);
  await client.query("plc.test", "A", 2);
  expect(scene.hits).toHaveLength(1);
});

test("a reply to what was asked before a fault came meets it as well", async () => {
  const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>();
  await using scene = await startScene(async (query) => {
    await mayAnswer;
    return answerFrom(query);
  });
  await using client = await openClient(scene.port);
  client.ask("plc.test");
  await until(() => scene.server.asked.length === 1);
  await scene.inject("dns.slow", { by: "1ms" });
  answer();
  await client.hear();
  expect(scene.hits).toEqual([{ connection: 1, name: "plc.test", type: "A", ordinal: 1, attempt: 1 }]);
});

test.each([
  ["half", "malformed (what begins at 22 is cut off): "],
  ["length-only", "malformed (0 bytes"],
  ["too-long", "ID 7, response"],
  ["too-short", "ID 7, response"],
])("a reply over TCP that is not what its length says is told as it came: %s", async (how, message) => {
  await using scene = await startScene();
  await scene.inject("dns.tcp-framing", { how });
  await using client = await openTcpClient(scene.port);
  client.ask("plc.test");
  await until(() => client.bytes().length >= (how === "length-only" ? 2 : 3));
  const told = scene.messages.find(({ type }) => type === "reply");
  expect(told?.message.slice(0, message.length)).toBe(message);
  expect(told?.length).toBe(client.bytes().readUInt16BE());
  client.socket.end();
  await until(() => scene.events.some(({ type }) => type === "close"));
  expect(scene.events.at(-1)).toMatchObject({ type: "close", downstream: client.bytes().length });
});

test("an rcode that needs EDNS is no hit on a query without", async () => {
  await using scene = await startScene();
  await scene.inject("dns.rcode", { number: 23 });
  expect((await dig(scene.port, "+tries=5", "+time=5", "+noedns", "plc.test")).said).toContain("10.0.0.1");
  expect(scene.hits).toEqual([]);
  expect((await dig(scene.port, "+tries=5", "+time=5", "plc.test")).said).toContain("status: BADCOOKIE");
  expect(scene.hits).toHaveLength(1);
});

test("an address of IPv6 is the same however it is written", async () => {
  await using scene = await startScene();
  await scene.inject("dns.renumber", { from: "FD00:0::0001", to: "2001:db8:0:0:0:0:0:9" });
  expect((await dig(scene.port, "+tries=5", "+time=5", "plc.test", "AAAA")).said).toMatch(/AAAA\s+2001:db8::9/);
  expect(scene.hits).toHaveLength(1);
});

const longest = [63, 63, 63, 61].map((length) => "x".repeat(length)).join(".");

const patient = ["+tries=5", "+time=5"];

test.each([
  ["dns.wrong-question", { field: "name" }, [], /Question section mismatch: got not\./],
  ["dns.lame-delegation", { how: "loop" }, patient, /AUTHORITY: 2/],
  ["dns.cname-loop", {}, patient, /ANSWER: 2/],
  ["dns.rcode", { code: "nxdomain" }, patient, /NXDOMAIN[^]*\sSOA\s/],
])("names that %s makes of the longest there is are names", async (kind, parameters, patience, said) => {
  await using scene = await startScene();
  await scene.inject(kind, parameters);
  // Below a domain that leaves no room for another label, an SOA names its server, and a delegation its own.
  for (const name of [longest, `x.${longest.slice(2)}`]) {
    const heard = (await dig(scene.port, ...patience, name)).said;
    expect(heard).toMatch(said);
    expect(heard).not.toContain("bad packet");
  }
});

test("a datagram that is shorter than what dns.cut leaves of it is no hit", async () => {
  await using scene = await startScene();
  await scene.inject("dns.cut", { bytes: 5000 });
  await using client = await openClient(scene.port);
  expect((await client.query("plc.test")).answers).toHaveLength(1);
  expect(scene.hits).toEqual([]);
});
