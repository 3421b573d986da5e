import { describe, expect, test } from "vitest";
import { answer, type Zones } from "./answer.ts";
import { parseMasterFile } from "./master-file.ts";
import { isNewer } from "./record.ts";
import { createZone, problemsOfZone } from "./zone.ts";

const zoneOf = (origin: string, text: string) => createZone(origin, parseMasterFile(text, origin).records);

const plc = `$TTL 300
@ SOA ns hostmaster 7 1h 10m 1w 1m
  NS ns
  MX 10 boot
ns A 192.0.2.53
boot A 192.0.2.1
www CNAME boot
there CNAME deep.lab.test.
out CNAME elsewhere.example.
gone CNAME nowhere
one CNAME two
two CNAME one
deep.down A 192.0.2.4
*.sites TXT any
a.sites A 192.0.2.5
*.alias CNAME boot
sub NS ns.sub
ns.sub A 192.0.2.6
_x._tcp SRV 0 5 443 boot
`;
const zones: Zones = new Map([
  ["plc.test", zoneOf("plc.test", plc)],
  ["lab.test", zoneOf("lab.test", "$TTL 9\n@ SOA ns hostmaster 1 1h 10m 1w 1m\ndeep A 192.0.2.7\n")],
  ["late.test", undefined],
]);

function told(name: string, type = "A"): readonly string[] {
  const { rcode, authoritative, answers, authorities, additionals } = answer(zones, { name, type });
  const shown = [
    ["", answers],
    ["auth ", authorities],
    ["more ", additionals],
  ] as const;
  return [
    `${rcode}${authoritative ? " aa" : ""}`,
    ...shown.flatMap(([what, records]) =>
      records.map((record) => {
        const data = record.type === "SOA" ? record.data.serial : JSON.stringify(record.data);
        return `${what}${record.name} ${record.ttl} ${record.type} ${data}`;
      }),
    ),
  ];
}

const negative = (rcode: string) => [`${rcode} aa`, "auth plc.test 60 SOA 7"];
const address = 'boot.plc.test 300 A "192.0.2.1"';

describe("an authority", () => {
  test.each([
    { asked: "an address", name: "boot.plc.test", says: ["NOERROR aa", address] },
    { asked: "in capitals", name: "BOOT.plc.Test", says: ["NOERROR aa", address] },
    {
      asked: "an alias",
      name: "www.plc.test",
      says: ["NOERROR aa", 'www.plc.test 300 CNAME "boot.plc.test"', address],
    },
    {
      asked: "an alias into another zone of its own",
      name: "there.plc.test",
      says: ["NOERROR aa", 'there.plc.test 300 CNAME "deep.lab.test"', 'deep.lab.test 9 A "192.0.2.7"'],
    },
    {
      asked: "an alias that leads out",
      name: "out.plc.test",
      says: ["NOERROR aa", 'out.plc.test 300 CNAME "elsewhere.example"'],
    },
    {
      asked: "an alias that leads nowhere",
      name: "gone.plc.test",
      says: ["NXDOMAIN aa", 'gone.plc.test 300 CNAME "nowhere.plc.test"', "auth plc.test 60 SOA 7"],
    },
    {
      asked: "aliases in a circle",
      name: "one.plc.test",
      says: ["NOERROR aa", 'one.plc.test 300 CNAME "two.plc.test"', 'two.plc.test 300 CNAME "one.plc.test"'],
    },
    { asked: "no such name", name: "nope.plc.test", says: negative("NXDOMAIN") },
    { asked: "a name that only has names below it", name: "down.plc.test", says: negative("NOERROR") },
    { asked: "a name below one that is there", name: "x.boot.plc.test", says: negative("NXDOMAIN") },
    { asked: "a name in no zone", name: "other.test", says: ["REFUSED"] },
    { asked: "a name in a zone that it has not got yet", name: "a.late.test", says: ["SERVFAIL"] },
    {
      asked: "a delegated name",
      name: "x.sub.plc.test",
      says: ["NOERROR", 'auth sub.plc.test 300 NS "ns.sub.plc.test"', 'more ns.sub.plc.test 300 A "192.0.2.6"'],
    },
    {
      asked: "a name that an alias of a wildcard covers",
      name: "any.alias.plc.test",
      says: ["NOERROR aa", 'any.alias.plc.test 300 CNAME "boot.plc.test"', address],
    },
  ])("$asked", ({ name, says }) => {
    expect(told(name)).toEqual(says);
  });

  test.each([
    { name: "boot.plc.test", type: "AAAA", says: negative("NOERROR") },
    { name: "www.plc.test", type: "CNAME", says: ["NOERROR aa", 'www.plc.test 300 CNAME "boot.plc.test"'] },
    { name: "b.sites.plc.test", type: "TXT", says: ["NOERROR aa", 'b.sites.plc.test 300 TXT ["any"]'] },
    { name: "x.b.sites.plc.test", type: "TXT", says: ["NOERROR aa", 'x.b.sites.plc.test 300 TXT ["any"]'] },
    { name: "b.sites.plc.test", type: "A", says: negative("NOERROR") },
    { name: "a.sites.plc.test", type: "TXT", says: negative("NOERROR") },
    { name: "x.a.sites.plc.test", type: "TXT", says: negative("NXDOMAIN") },
    {
      name: "plc.test",
      type: "MX",
      says: ["NOERROR aa", 'plc.test 300 MX {"preference":10,"exchange":"boot.plc.test"}', `more ${address}`],
    },
    {
      name: "plc.test",
      type: "NS",
      says: ["NOERROR aa", 'plc.test 300 NS "ns.plc.test"', 'more ns.plc.test 300 A "192.0.2.53"'],
    },
  ])("$type of $name", ({ name, type, says }) => {
    expect(told(name, type)).toEqual(says);
  });

  test("ANY is all that a name has", () => {
    expect(told("plc.test", "ANY")).toEqual(
      expect.arrayContaining(["NOERROR aa", "plc.test 300 SOA 7", 'plc.test 300 NS "ns.plc.test"']),
    );
  });
});

test.each([
  ["$TTL 5\na A 192.0.2.1\n", "write a SOA for plc.test.: the zone has none"],
  [`${plc}@ SOA ns hostmaster 8 1h 10m 1w 1m\n`, "leave out this SOA: the zone has one already"],
  [`${plc}boot CNAME www\n`, "leave out this CNAME, or all else: boot.plc.test. has other records as well"],
  [`${plc}a.test. A 192.0.2.1\n`, "leave out a.test.: it is not in the zone plc.test."],
  ["$TTL 5\nx SOA ns hostmaster 8 1h 10m 1w 1m\n", "write the SOA at plc.test., not at x.plc.test."],
])("what makes records no zone: %#", (text, message) => {
  expect(problemsOfZone("plc.test", parseMasterFile(text, "plc.test").records).map((each) => each.message)).toEqual([
    message,
  ]);
});

test("those of one set last equally long", () => {
  const zone = zoneOf("plc.test", `${plc}two 5 A 192.0.2.1\ntwo 9 A 192.0.2.2\n`.replace("two CNAME one\n", ""));
  expect(
    zone
      .find("two.plc.test")
      ?.get("A")
      ?.map(({ ttl }) => ttl),
  ).toEqual([5, 5]);
});

test.each([
  [1, 0, true],
  [0, 1, false],
  [5, 5, false],
  [0, 2 ** 32 - 1, true],
  [2 ** 32 - 1, 0, false],
  [2 ** 31 - 1, 0, true],
  [2 ** 31, 0, false],
  [0, 2 ** 31, false],
  [2 ** 31 + 5, 10, true],
])("serial %d after %d: newer is %s (RFC 1982)", (serial, than, newer) => {
  expect(isNewer(serial, than)).toBe(newer);
});
