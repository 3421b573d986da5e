/** The packet dump: what its lines show, what they hide, and how many there are. */
import { expect, test } from "vitest";
import type { Files } from "../../host/host.ts";
import { createHttpReader } from "./dump-http.ts";
import { describeNtp } from "./dump-ntp.ts";
import { createDump } from "./dump.ts";
import { createGuards } from "./guards.ts";

const clock = {
  wall: () => 1_102_204_800_123,
  monotonic: () => 12_345,
  boot: "1",
  sleep: () => Promise.resolve(),
  timer: () => ({ [Symbol.dispose]() {} }),
};
const dumpOf = (...without: readonly string[]) =>
  createDump(
    { clock, files: {} as Files },
    { dumpFile: undefined, dumpBytes: 0, key: "key of 42", guards: createGuards(without) },
  );
const wordsOf = (dump: ReturnType<typeof dumpOf>): readonly string[] =>
  dump.since(0).lines.map((line) => line.replace("1102204800.123 12.345 ", ""));

const key = `ssh-rsa ${"AAAAB3NzaC1yc2EAAAADAQABAAABgQDNzmu/".repeat(10)} user7@site`;

test("a line says when, by both clocks, on which plane, and what", () => {
  const dump = dumpOf();
  dump.line("dns", "failure", { name: "plc.test", code: "ESERVFAIL", ms: 3.00049, why: "no answer" });
  expect(dump.since(0).lines).toEqual([
    '1102204800.123 12.345 dns failure name=plc.test code=ESERVFAIL ms=3 why="no answer"',
  ]);
});

test("what is malformed is shown in hexadecimal, both ends of it, and why; no part of a key is", () => {
  const text = `<slices><slice/>${" ".repeat(200)}<key value="${key}"/><key value="ssh-rsa AAAAB3Nz`;
  const [masked, bare] = [dumpOf(), dumpOf("mask-secrets")];
  for (const dump of [masked, bare]) dump.malformed("document", "not whole: unclosed", Buffer.from(text));
  const shownBy = (dump: typeof masked): string => {
    const { end = "" } = /end=(?<end>\w+)/.exec(wordsOf(dump)[0] ?? "")?.groups ?? {};
    return Buffer.from(end, "hex").toString();
  };
  expect(wordsOf(masked)[0]).toContain(
    `why="not whole: unclosed" bytes=${text.length} hex=${Buffer.from("<slices><slice/>").toString("hex")}`,
  );
  expect(shownBy(masked)).toMatch(/<key value="ssh-rsa \*\*\* user7@site"\/><key value="ssh-rsa \*\*\*$/);
  expect(shownBy(bare)).toMatch(/AAAAB3Nz$/);
});

test.each([
  ["a handle", "0123456789abcdef0123456789abcdef"],
  ["a session", "q2V5cyBhcmUgc2VjcmV0cyBhbmQgc28gYXJlIHNlc3Npb25z"],
  ["a key", key],
  ["the node's own key", "key of 42"],
])("%s is masked wherever it stands", (_, secret) => {
  const dump = dumpOf();
  dump.line("rpc", "call", { method: "bind", with: `a ${secret} b` });
  expect(wordsOf(dump)[0]).toMatch(/^rpc call method=bind with="a (?:ssh-rsa )?\*\*\*/);
});

test("whoever asks gets what has come since, as far as it is remembered", () => {
  const dump = dumpOf();
  for (let number = 0; number < 1200; number += 1) dump.line("tcp", "open", { id: number });
  expect(dump.since(1198)).toMatchObject({
    next: 1200,
    lines: [/id=1198/, /id=1199/].map((text) => expect.stringMatching(text)),
  });
  expect(dump.since(0).lines).toHaveLength(500);
  for (let number = 0; number < 500; number += 1) dump.malformed("http", "x ".repeat(100), Buffer.alloc(1000));
  expect(dump.since(0).lines.join("").length).toBeLessThan(64 * 1024);
});

test("heads of HTTP are read however their bytes come, and bodies are counted", () => {
  const dump = dumpOf();
  const reader = createHttpReader(dump, 7);
  reader.sent(Buffer.from("GET /xml/slices.xml?node=42 HTTP/1.1\r\n\r\n"));
  for (const byte of "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX-Other: 1\r\n\r\n<slices")
    reader.received(Buffer.from(byte));
  reader.closed();
  expect(wordsOf(dump)).toEqual([
    'http request id=7 method=GET path="/xml/slices.xml?node=42"',
    "http reply id=7 status=200 content-length=9",
    "http body id=7 bytes=7 of=9",
  ]);
});

test("what is no HTTP is shown at once", () => {
  const dump = dumpOf();
  createHttpReader(dump, 8).received(Buffer.from("SSH-2.0-OpenSSH_9.2\r\n"));
  expect(wordsOf(dump)[0]).toBe(
    'http malformed why="no head of a reply on connection 8" bytes=21 hex=5353482d322e302d4f70656e5353485f392e320d0a',
  );
});

test("an answer of NTP tells how far the clock is off", () => {
  const packet = Buffer.alloc(48);
  packet.set([0x24, 2]);
  for (const [at, seconds] of [
    [32, 100],
    [40, 100],
  ] as const)
    packet.writeUInt32BE(seconds + 2_208_988_800, at);
  expect(describeNtp(packet, { asked: 59_990, now: 60_010 })).toEqual({
    isAnswer: true,
    facts: { version: 4, leap: 0, stratum: 2, kiss: undefined, offset_ms: 40_000, ms: 20 },
  });
  expect(describeNtp(packet.subarray(1), { asked: 0, now: 0 })).toBeUndefined();
});
