import { decode as judge, encode as make, type Packet } from "dns-packet";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isBelow, isSameName, labelsOf, nameOf, wireOf } from "../../../faults/dns/name.ts";
import { answerTo, resource, type Message } from "../../../faults/dns/message.ts";
import { anything } from "./anything.testing.ts";
import { corpus } from "./corpus.testing.ts";
import { asksTheSame, decode, peek } from "./decode.ts";
import { aliasesIn, describe as dump } from "./dump.ts";
import { encode } from "./encode.ts";
import { fit } from "./fit.ts";

function decoded(bytes: Uint8Array): Message {
  const result = decode(bytes);
  if ("malformed" in result) throw new Error(result.malformed);
  return result.message;
}

const query = decoded(
  make({ type: "query", id: 7, flags: 1 << 8, questions: [{ type: "A", class: "IN", name: "plc.test" }] }),
);
const asking = (question: { name: string; type: string }): Uint8Array =>
  encode({ ...query, questions: [{ ...question, class: "IN" }] });
const judged = (message: Message): ReturnType<typeof judge> => judge(Buffer.from(encode(message)));

describe("what a real server has said", () => {
  test.each([...corpus])("%s: is read, and written so that dns-packet and we read the same", (_asked, bytes) => {
    const message = decoded(bytes);
    const written = encode(message);
    expect(decoded(written)).toEqual(message);
    expect(judge(Buffer.from(written))).toEqual(judge(Buffer.from(bytes)));
    expect(written.length).toBeLessThanOrEqual(bytes.length);
  });

  test.each([...corpus])("%s: what it is about is seen without decoding it", (asked, bytes) => {
    const seen = peek(bytes);
    expect(`${seen?.name} ${seen?.type}`).toBe(asked);
  });

  test("is told in a line", () => {
    expect([...corpus.values()].map(dump)).toEqual([
      "ID 4660, response, AA RD RA, RCODE NOERROR; Question plc.test IN A; Answer plc.test 0 IN A 10.0.0.1; OPT VERSION 0, UDP 1232",
      "ID 4660, response, AA RD RA, RCODE NOERROR; Question www.test IN A; Answer www.test 0 IN CNAME plc.test, plc.test 0 IN A 10.0.0.1; OPT VERSION 0, UDP 1232",
      "ID 4660, response, AA RD RA, RCODE NOERROR; Question plc.test IN MX; Answer plc.test 0 IN MX 10 mail.plc.test; OPT VERSION 0, UDP 1232",
      'ID 4660, response, AA RD RA, RCODE NOERROR; Question plc.test IN TXT; Answer plc.test 0 IN TXT "hello world" "two"; OPT VERSION 0, UDP 1232',
      "ID 4660, response, AA RD RA, RCODE NOERROR; Question _ntp._udp.test IN SRV; Answer _ntp._udp.test 0 IN SRV 5 0 123 plc.test; Additional plc.test 0 IN A 10.0.0.1, plc.test 0 IN AAAA fd00::1; OPT VERSION 0, UDP 1232",
      "ID 4660, response, AA RD RA, RCODE NOERROR; Question 1.0.0.10.in-addr.arpa IN PTR; Answer 1.0.0.10.in-addr.arpa 0 IN PTR plc.test; OPT VERSION 0, UDP 1232",
      "ID 4660, response, AA RD RA, RCODE NOERROR; Question plc.test IN AAAA; Answer plc.test 0 IN AAAA fd00::1; OPT VERSION 0, UDP 1232",
      "ID 4660, response, AA RD, RCODE NOERROR; Question zone.test IN SOA; Answer zone.test 600 IN SOA ns.test hostmaster.ns.test 1795935099 1200 180 1209600 600; Authority zone.test 600 IN NS ns.test; OPT VERSION 0, UDP 1232",
      "ID 4660, response, RD, RCODE REFUSED; Question nope.test IN A",
    ]);
  });
});

describe("names", () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 63 });

  test("of any labels go through text and through a message unchanged", () => {
    fc.assert(
      fc.property(fc.array(label, { maxLength: 3 }), (labels) => {
        const name = nameOf(labels);
        expect(labelsOf(name).map((each) => Buffer.from(each))).toEqual(labels.map((each) => Buffer.from(each)));
        const [question] = decoded(encode({ ...query, questions: [{ name, type: "A", class: "IN" }] })).questions;
        expect(question?.name).toBe(name);
      }),
    );
  });

  test.each([
    ["a.Site.test", "site.TEST", true],
    ["b.a.site.test", "site.test", true],
    ["site.test", "site.test", false],
    ["asite.test", "site.test", false],
    [String.raw`a\.site.test`, "site.test", false],
    ["test", ".", true],
    [".", ".", false],
  ])("%s below %s: %s", (name, domain, expected) => {
    expect(isBelow(name, domain)).toBe(expected);
  });

  test("keep their case, and share what they have in common with names in the same case only", () => {
    const reply = answerTo(query, {
      answers: ["a.Plc.Test", "b.Plc.Test", "c.plc.test"].map((name) =>
        resource(name, "A", 1, { address: "10.0.0.1" }),
      ),
    });
    expect(judged(reply).answers?.map(({ name }) => name)).toEqual(["a.Plc.Test", "b.Plc.Test", "c.plc.test"]);
    expect(encode(reply).length).toBe(12 + 14 + (12 + 4 + 10) + (4 + 4 + 10) + (4 + 4 + 10));
  });
});

test("of however many names each is written once, and then pointed to", () => {
  const names = Array.from({ length: 40 }, (_, n) => `host-${n}.plc.test`);
  const answers = [...names, ...names].map((name) => resource(name, "A", 1, { address: "10.0.0.1" }));
  const written = encode(answerTo(query, { answers }));
  expect(judge(Buffer.from(written)).answers?.map(({ name }) => name)).toEqual([...names, ...names]);
  const labels = names.reduce((sum, name) => sum + 1 + name.indexOf("."), 0);
  expect(written.length).toBe(12 + 14 + labels + 80 * (2 + 10 + 4));
});

describe("who asks the same, told without reading", () => {
  const labels = fc.array(fc.uint8Array({ minLength: 1, maxLength: 4 }), { maxLength: 3 });
  const asked = fc.record({ name: labels.map(nameOf), type: fc.constantFrom("A", "AAAA") });

  test("is who asks for the same name and type when it is read, whatever its case", () => {
    const turned = asked.map(({ name, type }) => ({ name: name.toUpperCase(), type }));
    fc.assert(
      fc.property(asked, fc.oneof(asked, turned), (one, other) => {
        const isSame = isSameName(one.name, other.name) && one.type === other.type;
        expect(asksTheSame(asking(one), asking(other))).toBe(isSame);
        expect(asksTheSame(asking(one), asking({ ...one, name: one.name.toUpperCase() }))).toBe(true);
      }),
    );
  });

  test.each([...anything])("is nobody by chance: %s", (_what, any) => {
    const change = fc.record({ at: fc.nat(80), by: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(any, change, (bytes, { at, by }) => {
        const changed = bytes.map((byte, n) => (n === at ? by : byte));
        const [one, other] = [peek(bytes), peek(changed)];
        if (!asksTheSame(bytes, changed)) return;
        expect(other?.name.toLowerCase()).toBe(one?.name.toLowerCase());
        expect(other?.type).toBe(one?.type);
      }),
    );
  });

  test("is nobody who has no question, or only half of one", () => {
    const whole = asking({ name: "plc.test", type: "A" });
    for (let length = 0; length < whole.length; length += 1)
      expect(asksTheSame(whole, whole.subarray(0, length))).toBe(false);
    expect(asksTheSame(whole, encode({ ...query, questions: [] }))).toBe(false);
    expect(asksTheSame(whole, whole)).toBe(true);
  });
});

describe("what no codec writes", () => {
  test("counts that lie", () => {
    const bytes = encode({ ...answerTo(query), counts: { ancount: 3 } });
    expect(Buffer.from(bytes).readUInt16BE(6)).toBe(3);
    expect(decode(bytes)).toEqual({ malformed: "the header says 3 in the answer section, of which there are 0" });
  });

  test.each([
    ["to itself", [0xc0, 26], "26, which is not before it"],
    ["forward", [0xc0, 40], "40, which is not before it"],
    ["far beyond the end", [0xff, 0xff], "16383, which is not before it"],
    ["cut off", [0xc0], "is cut off"],
    ["a label of a type that nobody uses", [0x80, 1], "has a label of type 2"],
    ["a label that is longer than what is left", [63, 1, 2], "is cut off"],
    ["a name of 300 bytes", [...Array.from({ length: 150 }, () => [1, 97]).flat(), 0], "longer than 255 bytes"],
  ])("a name that is a pointer %s", (_what, name, why) => {
    const bytes = encode(
      answerTo(query, { answers: [resource(Uint8Array.from(name), "A", 1, { rdata: new Uint8Array() })] }),
    );
    expect(dump(bytes)).toContain(why);
    expect(dump(bytes)).toMatch(/^malformed \(.*\): 000781/);
  });

  test("a pointer into the middle of the question is followed", () => {
    const { answers } = decoded(
      encode(answerTo(query, { answers: [resource(Uint8Array.of(0xc0, 16), "A", 1, { address: "10.0.0.1" })] })),
    );
    expect(answers[0]?.name).toBe("test");
  });

  test("records of types that nobody knows, and bytes behind the message", () => {
    const reply = {
      ...answerTo(query, { answers: [resource("plc.test", "TYPE65280", 9, { rdata: Uint8Array.of(1, 2, 3) })] }),
      trailing: Uint8Array.of(0xde, 0xad),
    };
    expect(decoded(encode(reply))).toMatchObject({ answers: reply.answers });
    expect(dump(encode(reply))).toContain("plc.test 9 IN TYPE65280 \\# 3 010203; 2 bytes behind it: dead");
  });

  test("what is an alias of what can be read from the line that says it", () => {
    const answers = [
      resource("Boot.plc.test", "CNAME", 5, { target: "plc-b.plc.test" }),
      resource("plc-b.plc.test", "A", 5, { address: "10.0.0.1" }),
    ];
    const authorities = [resource("plc.test", "NS", 5, { target: "dns1.plc.test" })];
    const aliases = [
      ["boot.plc.test", "plc-b.plc.test"],
      ["plc-b.plc.test", ""],
    ];
    expect([...aliasesIn(dump(encode(answerTo(query, { answers, authorities }))))]).toEqual(aliases);
    expect([...aliasesIn(dump(encode(answerTo(query, { answers }))))]).toEqual(aliases);
    expect([...aliasesIn(dump(encode(answerTo(query, { authorities }))))]).toEqual([]);
    expect([...aliasesIn(dump(Uint8Array.of(1, 2, 3)))]).toEqual([]);
  });

  test("an rcode beyond 15 has its upper bits in OPT, which is the last but a signature of the whole", () => {
    const edns = { version: 0, udpPayloadSize: 1232, dnssecOk: true, z: 0, options: [] };
    const signature = resource("key.test", "TSIG", 0, { rdata: new Uint8Array() });
    const other = resource("plc.test", "A", 1, { address: "10.0.0.1" });
    const reply = answerTo(query, { rcode: 16, edns, additionals: [signature, other, signature] });
    expect(judged(reply).additionals?.map(({ type }) => type)).toEqual(["TSIG", "A", "OPT", "TSIG"]);
    expect(dump(encode(reply))).toContain("RCODE BADVERS");
    expect(dump(encode(reply))).toContain("OPT VERSION 0, UDP 1232, DO");
  });
});

test("what does not fit into a datagram is cut short at a record, and says so", () => {
  const answers = Array.from({ length: 100 }, (_, n) => resource("plc.test", "A", 1, { address: `10.0.0.${n}` }));
  const bytes = fit(answerTo(query, { answers, authorities: answers }), 512);
  expect(bytes.length).toBeLessThanOrEqual(512);
  const cut = decoded(bytes);
  expect([cut.tc, cut.answers.length, cut.authorities.length]).toEqual([true, 30, 0]);
  expect(fit(answerTo(query, { answers }), 4096)).toEqual(encode(answerTo(query, { answers })));
});

describe("any bytes", () => {
  test.each([...anything])(
    "%s are read or said why not, told in a line of a bounded length, and written again as they mean",
    (_what, any) => {
      fc.assert(
        fc.property(any, (bytes) => {
          peek(bytes);
          const line = dump(bytes);
          expect(line).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u);
          expect(line.length).toBeLessThan(60_000);
          const result = decode(bytes);
          const again = "message" in result ? decode(encode(result.message)) : result;
          expect(again).toEqual(result);
        }),
        { numRuns: 3000 },
      );
    },
  );

  test("65,535 of them that are pointers to long names take neither long nor much room", () => {
    const long = wireOf(Array.from({ length: 127 }, () => "\\255").join("."));
    const record = [0xc0, 12, 255, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    const count = Math.floor((65_535 - 12 - long.length - 4) / record.length);
    const header = [0, 0, 0x80, 0, 0, 1, count >> 8, count & 0xff, 0, 0, 0, 0];
    const bytes = Uint8Array.from([
      ...header,
      ...long,
      0,
      1,
      0,
      1,
      ...Array.from({ length: count }, () => record).flat(),
    ]);
    expect(decoded(bytes).answers.length).toBe(count);
    expect(dump(bytes).length).toBeLessThan(60_000);
  });

  test("of a message of dns-packet's making mean to us what they mean to it", () => {
    const packets: readonly Packet[] = [
      {
        type: "response",
        id: 1,
        questions: [{ type: "CAA", name: "plc.test" }],
        answers: [
          { type: "CAA", name: "plc.test", ttl: 5, data: { flags: 0, tag: "issue", value: "ca.test" } },
          { type: "HINFO", name: "plc.test", ttl: 5, data: { cpu: "x", os: "y" } },
        ],
      },
    ];
    for (const packet of packets) {
      const bytes = make(packet);
      expect(Buffer.from(encode(decoded(bytes))).length).toBeLessThan(bytes.length);
      expect(judge(Buffer.from(encode(decoded(bytes))))).toEqual(judge(bytes));
      expect(dump(bytes)).toContain("plc.test 5 IN HINFO {cpu:x,os:y}");
    }
  });
});
