import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nameOf } from "../../faults/dns/name.ts";
import { parseMasterFile, parseRecordText } from "./master-file.ts";

const soa = "@ SOA ns hostmaster 7 1h 10m 1w 1m\n";
const recordsOf = (text: string) =>
  parseMasterFile(text, "plc.test").records.map(({ name, ttl, type, data }) => [name, ttl, type, data]);

describe("a zone file", () => {
  test("may be written as RFC 1035 writes one", () => {
    const { origin, records, problems } = parseMasterFile(`
$ORIGIN isi.edu.
@   IN  SOA     VENERA      Action\\.domains (
                                 20     ; SERIAL
                                 7200   ; REFRESH
                                 600    ; RETRY
                                 3600000; EXPIRE
                                 60)    ; MINIMUM

        NS      A.ISI.EDU.
        MX      10      VENERA

A       A       26.3.0.103
VENERA  A       10.1.0.52
        A       128.9.0.32
`);
    expect(problems).toEqual([]);
    expect(origin).toBe("isi.edu");
    expect(records.map(({ name, ttl, type }) => `${name} ${ttl} ${type}`)).toEqual([
      "isi.edu 60 SOA",
      "isi.edu 60 NS",
      "isi.edu 60 MX",
      "a.isi.edu 60 A",
      "venera.isi.edu 60 A",
      "venera.isi.edu 60 A",
    ]);
    expect(records[0]?.data).toMatchObject({ rname: "action\\.domains.isi.edu", serial: 20 });
  });

  test("has relative names, names of its own, comments, parentheses, units, and owners that are stated once", () => {
    const { origin, records, problems } = parseMasterFile(`; a zone
$ORIGIN plc.test.
$TTL 1h30m
@ 1d IN SOA ns hostmaster ( 7 2h ; refresh
    10m 1w
    1m )
    NS ns
    NS ns.other.test.
boot 5s A 192.0.2.1
     IN 7 A 192.0.2.2
     7 IN AAAA 2001:DB8::1
$ORIGIN sites.plc.test.
* TXT "a ; b" c\\"d \\065
_x._tcp SRV 0 5 443 boot.plc.test.
`);
    expect(problems).toEqual([]);
    expect(origin).toBe("plc.test");
    const shown = records.map(({ name, ttl, type, data }) => [
      name,
      ttl,
      type,
      type === "SOA" ? Object.values(data) : data,
    ]);
    expect(shown).toEqual([
      ["plc.test", 86_400, "SOA", ["ns.plc.test", "hostmaster.plc.test", 7, 7200, 600, 604_800, 60]],
      ["plc.test", 5400, "NS", "ns.plc.test"],
      ["plc.test", 5400, "NS", "ns.other.test"],
      ["boot.plc.test", 5, "A", "192.0.2.1"],
      ["boot.plc.test", 7, "A", "192.0.2.2"],
      ["boot.plc.test", 7, "AAAA", "2001:db8::1"],
      ["*.sites.plc.test", 5400, "TXT", ["a ; b", 'c"d', "A"]],
      ["_x._tcp.sites.plc.test", 5400, "SRV", { priority: 0, weight: 5, port: 443, target: "boot.plc.test" }],
    ]);
  });

  test("without $TTL, a record lasts as long as the last one that says so, and a SOA as long as it says itself", () => {
    expect(recordsOf(`${soa}a 5 A 192.0.2.1\nb A 192.0.2.2\n`).map(([name, ttl]) => [name, ttl])).toEqual([
      ["plc.test", 60],
      ["a.plc.test", 5],
      ["b.plc.test", 5],
    ]);
  });

  test("may name a link of the plan where an address is", () => {
    expect(recordsOf("$TTL 5\nboot A link:fetch\n")).toEqual([["boot.plc.test", 5, "A", "link:fetch"]]);
  });
});

test("HINFO, CAA, and types that nobody here knows are the bytes that are on the wire", () => {
  const bytes = recordsOf(`$TTL 5
a HINFO "PDP-11" unix
a CAA 128 issue "ca.test; x=1"
a TYPE65280 \\# 4 0A00 0001
a TLSA \\# 3 030101
a TYPE65281 \\# 0
`).map(([, , type, data]) => [type, Buffer.from(data as Uint8Array).toString("latin1")]);
  expect(bytes).toEqual([
    ["HINFO", "\u0006PDP-11\u0004unix"],
    ["CAA", "\u0080\u0005issueca.test; x=1"],
    ["TYPE65280", "\n\u0000\u0000\u0001"],
    ["TYPE52", "\u0003\u0001\u0001"],
    ["TYPE65281", ""],
  ]);
});

describe("one mistake, one sentence, with its line", () => {
  test.each([
    [
      "a 5 A 1.2.3",
      2,
      "write an IPv4 address, such as 192.0.2.1, or a link of the plan, such as link:fetch, not 1.2.3",
    ],
    ["a 5 AAAA 1.2.3.4", 2, "write an IPv6 address, such as 2001:db8::1, not 1.2.3.4"],
    ["a 5 MX mail", 2, "write MX and 2 of: 10 mail, not mail"],
    ["a 5 MX x mail", 2, "write a whole number from 0 to 65535, not x"],
    ["a 5 A", 2, "write A and 1 of: 192.0.2.1, not nothing"],
    [
      "a 5 FOO x",
      2,
      "write a type of records, one of A, AAAA, CNAME, NS, MX, TXT, PTR, SRV, SOA, HINFO, CAA, or TYPE65280 \\# 4 0a000001, not FOO",
    ],
    ["a 5 HINFO x", 2, 'write HINFO and 2 of: "PDP-11" "UNIX", not x'],
    ["a 5 CAA 256 issue x", 2, "write a whole number from 0 to 255, not 256"],
    ["a 5 CAA 0 is-sue x", 2, "write a tag of letters and digits, 15 at most, such as issue, not is-sue"],
    [
      "a 5 TYPE65280 0a00",
      2,
      "write \\#, the number of bytes and the bytes behind TYPE65280, such as \\# 2 0a00, not 0a00",
    ],
    ["a 5 TYPE65280 \\# 3 0a00", 2, "write 3 bytes in hexadecimal, such as 0a, behind \\# 3, not 0a00"],
    ["a 5 TYPE65280 \\# 2 0a0g", 2, "write 2 bytes in hexadecimal, such as 0a, behind \\# 2, not 0a0g"],
    ["a 5 TYPE1 \\# 4 0a000001", 2, "write A in place of TYPE1, and what it has as text, such as 192.0.2.1"],
    ["a 5 TYPE41 \\# 0", 2, "leave out TYPE41: it is a type of messages, and no zone has it"],
    [
      "a 5 TLSA 3 1 1 0a",
      2,
      "write \\#, the number of bytes and the bytes behind TLSA, such as \\# 2 0a00, not 3 1 1 0a",
    ],
    ["a 5 CH A 1.2.3.4", 2, "leave out CH: all names here are of class IN"],
    ["a 5", 2, "write what the name has, such as A 192.0.2.1"],
    ["\n\na..b 5 A 1.2.3.4", 4, "write a name without an empty label, not a..b.plc.test"],
    [`${"x".repeat(64)} 5 A 1.2.3.4`, 2, `write a shorter label: 63 characters at most, not ${"x".repeat(64)}`],
    ["a 5 TXT (\n x", 2, "write ): this parenthesis is never closed"],
    ["a 5 TXT )", 2, "leave out ): no parenthesis is open"],
    ['a 5 TXT "x\ny', 2, 'write " at the end of the text'],
    [
      "$INCLUDE other.zone",
      2,
      "write the records of other.zone in place of $INCLUDE: a zone is one file, which goes to its server as it is",
    ],
    ["$GENERATE 1-2 a A 1.2.3.4", 2, "write $ORIGIN or $TTL: $GENERATE is not understood here"],
    ["a\\.b 5 A 1.2.3.4", 2, "write a name without \\. in front, not a\\.b"],
    ["$TTL soon", 2, "write a TTL behind $TTL, such as 300 or 5m, not soon"],
    ["$ORIGIN", 2, "write a name behind $ORIGIN, such as plc.test."],
    ["a 5 TXT \\999", 2, "write a byte behind \\, from \\000 to \\255, not \\999"],
  ])("%j", (text, line, message) => {
    const { problems } = parseMasterFile(`${soa}${text}\n`, "plc.test");
    expect(problems[0]).toEqual({ line, message });
  });

  test("nothing to count from, no owner, no TTL", () => {
    expect(parseMasterFile("a 5 A 192.0.2.1\n").problems).toEqual([
      {
        line: 1,
        message: "write a. with a dot at its end, or $ORIGIN above: there is nothing that it could count from",
      },
    ]);
    expect(parseMasterFile("  5 A 192.0.2.1\n", "plc.test").problems).toEqual([
      { line: 1, message: "write a name in front: no record is above whose name this could have" },
    ]);
    expect(parseMasterFile("a A 192.0.2.1\n", "plc.test").problems).toEqual([
      { line: 1, message: "write a TTL in front of the type, or $TTL 5m above: there is none" },
    ]);
  });
});

test("names beyond ASCII are those that are on the wire, and as long", () => {
  const german = Buffer.from("bücher").toString("latin1");
  const long = Buffer.from("ü".repeat(31)).toString("latin1");
  const { records, problems } = parseMasterFile(`${soa}${german} A 192.0.2.1\n${long} NS a\\.\n`, "plc.test");
  expect(problems).toEqual([]);
  expect(records[1]?.name).toBe(nameOf(["bücher", "plc", "test"].map((label) => Buffer.from(label))));
  expect(records[2]).toMatchObject({ name: `${"\\195\\188".repeat(31)}.plc.test`, data: "a\\..plc.test" });
  const tooLong = Buffer.from("ü".repeat(32)).toString("latin1");
  expect(parseMasterFile(`${soa}${tooLong} A 192.0.2.1\n`, "plc.test").problems[0]?.message).toMatch(
    /^write a shorter label: 63 characters at most/,
  );
});

test("a record alone is read as behind its type in a file", () => {
  expect(parseRecordText("MX", "10 mail", "plc.test")).toEqual({
    data: { type: "MX", data: { preference: 10, exchange: "mail.plc.test" } },
  });
  expect(parseRecordText("MX", "mail", "plc.test")).toEqual({ problem: "write MX and 2 of: 10 mail, not mail" });
});

test("whatever the text, reading it ends", () => {
  const words = fc.constantFrom(
    "$ORIGIN",
    "$TTL",
    "@",
    "(",
    ")",
    '"',
    ";",
    "\n",
    " ",
    "\\",
    "IN",
    "A",
    "SOA",
    "5m",
    "a.",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((all) => all.join(" ")),
      ),
      (text) => {
        const { problems } = parseMasterFile(text, "plc.test");
        expect(problems.every(({ line }) => line >= 1)).toBe(true);
      },
    ),
    { numRuns: 1000 },
  );
});
