/** Every fault, as dig sees it, and as dns-packet reads what was really on the wire: a row of the table is a fault, or one of its ways. */
import { decode, type Answer } from "dns-packet";
import { describe, expect, test } from "vitest";
import { until } from "../../host/talk.testing.ts";
import { faults } from "../../faults/registry.ts";
import { answerFrom, dig, openClient, openTcpClient, startScene } from "./dns.testing.ts";

interface Row {
  /** Of the catalogue of DNS faults, in whose order they stand. */
  readonly row: number;
  readonly kind: string;
  readonly parameters?: object;
  /** What is asked; over UDP for `A` by default. `impatient`: dig waits only for a second. */
  readonly asks?: readonly string[];
  readonly impatient?: true;
  /** What dig says with it, and does not say without it. */
  readonly dig: RegExp;
  /** What `view` shows. Undefined: nothing comes. */
  readonly wire: RegExp | undefined;
}

const timedOut = /communications error to 127\.0\.0\.1#\d+: timed out/;

const table: readonly Row[] = [
  { row: 1, kind: "dns.blackhole", impatient: true, dig: timedOut, wire: undefined },
  { row: 4, kind: "dns.slow", parameters: { by: "1h" }, impatient: true, dig: timedOut, wire: undefined },
  { row: 8, kind: "dns.loss", impatient: true, dig: timedOut, wire: undefined },
  { row: 8, kind: "dns.loss", parameters: { of: "query" }, impatient: true, dig: timedOut, wire: undefined },
  {
    row: 9,
    kind: "dns.wrong-source",
    impatient: true,
    dig: timedOut,
    wire: /^from another port: NOERROR.* 10\.0\.0\.1; OPT$/,
  },
  {
    row: 9,
    kind: "dns.wrong-source",
    parameters: { from: "address" },
    impatient: true,
    dig: timedOut,
    wire: /^from 127\.0\.0\.2: NOERROR/,
  },
  {
    row: 10,
    kind: "dns.cut",
    dig: /Message parser reports malformed message packet[^]*rcvd: 30/,
    wire: /^malformed, 30 bytes$/,
  },
  {
    row: 11,
    kind: "dns.truncate",
    dig: /Truncated, retrying in TCP mode[^]*10\.0\.0\.1/,
    wire: /^NOERROR QUERY qr aa tc rd ra; plc\.test A IN; OPT$/,
  },
  {
    row: 11,
    kind: "dns.truncate",
    parameters: { keep: 1 },
    asks: ["+ignore", "pair.test"],
    dig: /flags: qr aa tc [^]*10\.0\.0\.3/,
    wire: / tc .*; pair\.test 300 A 10\.0\.0\.3; OPT$/,
  },
  {
    row: 12,
    kind: "dns.truncate",
    parameters: { tcp: "refuse" },
    impatient: true,
    dig: /Truncated[^]*for plc\.test failed: connection refused/,
    wire: / tc /,
  },
  {
    row: 12,
    kind: "dns.truncate",
    parameters: { tcp: "reset" },
    impatient: true,
    dig: /Truncated[^]*connection reset/,
    wire: / tc /,
  },
  {
    row: 12,
    kind: "dns.truncate",
    parameters: { tcp: "mute" },
    impatient: true,
    dig: /Truncated[^]*timed out/,
    wire: / tc /,
  },
  {
    row: 12,
    kind: "dns.truncate",
    parameters: { tcp: "close" },
    impatient: true,
    dig: /Truncated[^]*end of file/,
    wire: / tc /,
  },
  {
    row: 13,
    kind: "dns.tcp-framing",
    parameters: { how: "half" },
    asks: ["+tcp", "plc.test"],
    impatient: true,
    dig: /end of file/,
    wire: undefined,
  },
  {
    row: 13,
    kind: "dns.tcp-framing",
    parameters: { how: "length-only" },
    asks: ["+tcp", "plc.test"],
    impatient: true,
    dig: /end of file/,
    wire: undefined,
  },
  {
    row: 13,
    kind: "dns.tcp-framing",
    parameters: { how: "too-long" },
    asks: ["+tcp", "plc.test"],
    impatient: true,
    dig: timedOut,
    wire: undefined,
  },
  {
    row: 13,
    kind: "dns.tcp-framing",
    parameters: { how: "too-short" },
    asks: ["+tcp", "plc.test"],
    dig: /Message parser reports malformed message packet/,
    wire: /^malformed, 40 bytes$/,
  },
  {
    row: 14,
    kind: "dns.oversize",
    dig: /ADDITIONAL: 17[^]*MSG SIZE {2}rcvd: 4[23]\d\d/,
    wire: /^from a datagram of 4\d{3} bytes: NOERROR/,
  },
  {
    row: 14,
    kind: "dns.lost-fragments",
    parameters: { above: "50B" },
    impatient: true,
    dig: timedOut,
    wire: undefined,
  },
  {
    row: 15,
    kind: "dns.edns",
    parameters: { how: "formerr" },
    dig: /status: FORMERR[^]*EDNS query returned status FORMERR/,
    wire: /^FORMERR QUERY qr rd ra; plc\.test A IN$/,
  },
  {
    row: 15,
    kind: "dns.edns",
    parameters: { how: "notimp" },
    dig: /EDNS query returned status NOTIMP/,
    wire: /^NOTIMP .* IN$/,
  },
  { row: 15, kind: "dns.edns", parameters: { how: "badvers" }, dig: /status: BADVERS/, wire: /OPT rcode 1$/ },
  { row: 15, kind: "dns.edns", parameters: { how: "silence" }, impatient: true, dig: timedOut, wire: undefined },
  {
    row: 15,
    kind: "dns.edns",
    parameters: { how: "echo" },
    asks: ["+cookie=0011223344556677", "plc.test"],
    dig: /COOKIE: 0011223344556677 \(echoed\)/,
    wire: /OPT of 1400$/,
  },
  { row: 15, kind: "dns.edns", parameters: { how: "omit" }, dig: /ADDITIONAL: 0/, wire: /10\.0\.0\.1$/ },
  {
    row: 15,
    kind: "dns.edns",
    parameters: { how: "garbage" },
    dig: /EDNS: version: 77, flags:; MBZ: 0x1234[^]*OPT=65001: 01 02 03/,
    wire: /OPT version 77$/,
  },
  { row: 15, kind: "dns.edns", parameters: { how: "tiny" }, dig: /EDNS: version: 0, flags:; udp: 0/, wire: /OPT$/ },
  {
    row: 16,
    kind: "dns.rate-limit",
    parameters: { per_second: 0, slip: 1 },
    dig: /Truncated, retrying in TCP mode/,
    wire: /^NOERROR QUERY qr tc rd ra; plc\.test A IN; OPT$/,
  },
  {
    row: 16,
    kind: "dns.rate-limit",
    parameters: { per_second: 0, slip: 0 },
    impatient: true,
    dig: timedOut,
    wire: undefined,
  },
  {
    row: 17,
    kind: "dns.letter-case",
    parameters: { to: "upper" },
    dig: /;PLC\.TEST\.\s+IN\s+A\n/,
    wire: /PLC\.TEST A IN; PLC\.TEST 300 A/,
  },
  {
    row: 17,
    kind: "dns.letter-case",
    asks: ["pLc.teST"],
    dig: /;PlC\.TEst\.\s+IN\s+A\n/,
    wire: /; PlC\.TEst A IN; PlC\.TEst 300 A/,
  },
  {
    row: 18,
    kind: "dns.rcode",
    parameters: { code: "nxdomain", negative_ttl: "1h" },
    dig: /status: NXDOMAIN[^]*test\.\s+3600\s+IN\s+SOA/,
    wire: /^NXDOMAIN .*test 3600 SOA .*minimum 3600; OPT$/,
  },
  {
    row: 18,
    kind: "dns.rcode",
    parameters: { code: "nxdomain", soa: "without" },
    dig: /status: NXDOMAIN[^]*AUTHORITY: 0/,
    wire: /^NXDOMAIN .*; plc\.test A IN; OPT$/,
  },
  { row: 19, kind: "dns.rcode", parameters: { code: "servfail" }, dig: /status: SERVFAIL/, wire: /^SERVFAIL / },
  { row: 20, kind: "dns.rcode", parameters: { code: "refused" }, dig: /status: REFUSED/, wire: /^REFUSED / },
  {
    row: 20,
    kind: "dns.rcode",
    parameters: { code: "notauth", when: "after" },
    dig: /status: NOTAUTH[^]*10\.0\.0\.1/,
    wire: /^NOTAUTH .*10\.0\.0\.1/,
  },
  {
    row: 20,
    kind: "dns.rcode",
    parameters: { code: "servfail", number: 12 },
    dig: /status: RESERVED12/,
    wire: /^RCODE_12 /,
  },
  { row: 21, kind: "dns.empty", dig: /status: NOERROR[^]*ANSWER: 0, AUTHORITY: 1/, wire: /A IN; test 60 SOA/ },
  {
    row: 21,
    kind: "dns.empty",
    parameters: { soa: "without" },
    dig: /status: NOERROR[^]*ANSWER: 0, AUTHORITY: 0/,
    wire: /A IN; OPT$/,
  },
  {
    row: 23,
    kind: "dns.header",
    parameters: { how: "header-only" },
    dig: /QUERY: 0, ANSWER: 0[^]*rcvd: 12/,
    wire: /^NOERROR QUERY qr aa rd ra$/,
  },
  {
    row: 23,
    kind: "dns.header",
    parameters: { how: "counts-only" },
    dig: /QUERY: 1, ANSWER: 1[^]*rcvd: 12/,
    wire: /^malformed, 12 bytes$/,
  },
  {
    row: 23,
    kind: "dns.header",
    parameters: { how: "no-question" },
    dig: /QUERY: 0, ANSWER: 1/,
    wire: /ra; plc\.test 300 A/,
  },
  {
    row: 23,
    kind: "dns.header",
    parameters: { how: "query" },
    dig: /Warning: query response not set/,
    wire: /^NOERROR QUERY aa rd ra/,
  },
  {
    row: 23,
    kind: "dns.header",
    parameters: { how: "opcode" },
    impatient: true,
    dig: /Opcode mismatch: expected QUERY, got NOTIFY/,
    wire: /^NOERROR NOTIFY qr/,
  },
  {
    row: 23,
    kind: "dns.header",
    parameters: { how: "zero-bits" },
    dig: /MBZ: 0x4/,
    wire: /^NOERROR QUERY qr aa rd ra z;/,
  },
  {
    row: 24,
    kind: "dns.counts",
    parameters: { section: "question" },
    impatient: true,
    dig: /Question section mismatch/,
    wire: /^malformed/,
  },
  { row: 24, kind: "dns.counts", parameters: { section: "answer" }, dig: /malformed[^]*ANSWER: 9/, wire: /^malformed/ },
  {
    row: 24,
    kind: "dns.counts",
    parameters: { section: "authority" },
    dig: /malformed[^]*AUTHORITY: 9/,
    wire: /^malformed/,
  },
  {
    row: 24,
    kind: "dns.counts",
    parameters: { section: "additional" },
    dig: /malformed[^]*ADDITIONAL: 9/,
    wire: /^malformed/,
  },
  {
    row: 24,
    kind: "dns.counts",
    parameters: { section: "answer", says: 0 },
    dig: /WARNING: Message has \d+ extra bytes at end/,
    wire: /A IN; plc\.test 300 A 10\.0\.0\.1$/,
  },
  ...["self", "loop", "forward", "beyond"].map((pointer) => ({
    row: 25,
    kind: "dns.compression",
    parameters: { pointer },
    dig: /Got bad packet: bad compression pointer/,
    wire: /^malformed/,
  })),
  {
    row: 25,
    kind: "dns.compression",
    parameters: { pointer: "cut" },
    dig: /malformed message packet[^]*1 extra bytes/,
    wire: /^malformed, 27 bytes/,
  },
  {
    row: 25,
    kind: "dns.compression",
    parameters: { pointer: "reserved" },
    dig: /Got bad packet: bad label type/,
    wire: /^malformed/,
  },
  {
    row: 26,
    kind: "dns.wrong-id",
    impatient: true,
    dig: /ID mismatch: expected ID \d+, got \d+/,
    wire: /^another id: NOERROR/,
  },
  {
    row: 27,
    kind: "dns.wrong-question",
    impatient: true,
    dig: /Question section mismatch: got not\.plc\.test\/A\/IN/,
    wire: /; not\.plc\.test A IN; not\.plc\.test 300 A/,
  },
  {
    row: 27,
    kind: "dns.wrong-question",
    parameters: { field: "type" },
    impatient: true,
    dig: /mismatch: got plc\.test\/TXT\/IN/,
    wire: /; plc\.test TXT IN;/,
  },
  {
    row: 27,
    kind: "dns.wrong-question",
    parameters: { field: "class" },
    impatient: true,
    dig: /mismatch: got plc\.test\/A\/CH/,
    wire: /; plc\.test A CH;/,
  },
  {
    row: 28,
    kind: "dns.spoof",
    parameters: { address: "198.18.0.66", besides: "bank.test" },
    dig: /plc\.test\.\s+60\s+IN\s+A\s+198\.18\.0\.66[^]*bank\.test/,
    wire: /A IN; plc\.test 60 A 198\.18\.0\.66; bank\.test 60 A 198\.18\.0\.66/,
  },
  {
    row: 29,
    kind: "dns.captive-portal",
    parameters: { address: "198.18.0.80" },
    asks: ["nope.test"],
    dig: /nope\.test\.\s+60\s+IN\s+A\s+198\.18\.0\.80/,
    wire: /nope\.test 60 A 198\.18\.0\.80/,
  },
  {
    row: 30,
    kind: "dns.cname-flap",
    parameters: { to: "a.test", or: "b.test", address: "198.18.0.3", other_address: "198.18.0.4" },
    dig: /CNAME\s+a\.test\.\na\.test\.\s+1\s+IN\s+A\s+198\.18\.0\.3/,
    wire: /plc\.test 1 CNAME b\.test; b\.test 1 A 198\.18\.0\.4/,
  },
  {
    row: 31,
    kind: "dns.cname-loop",
    dig: /alias-1\.plc\.test\.\s+1\s+IN\s+CNAME\s+plc\.test/,
    wire: /A IN; plc\.test 1 CNAME alias-1\.plc\.test; alias-1\.plc\.test 1 CNAME plc\.test; OPT$/,
  },
  {
    row: 31,
    kind: "dns.cname-loop",
    parameters: { length: 1 },
    dig: /plc\.test\.\s+1\s+IN\s+CNAME\s+plc\.test/,
    wire: /A IN; plc\.test 1 CNAME plc\.test; OPT/,
  },
  {
    row: 31,
    kind: "dns.cname-loop",
    parameters: { length: 100, end: "chain" },
    dig: /ANSWER: 101[^]*alias-100\.plc\.test\.\s+300\s+IN\s+A\s+10\.0\.0\.1/,
    wire: / tc .*alias-9\.plc\.test 1 CNAME alias-10\.plc\.test;/,
  },
  {
    row: 32,
    kind: "dns.broken-cname",
    parameters: { how: "dangling" },
    dig: /status: NXDOMAIN[^]*CNAME\s+gone\.invalid/,
    wire: /^NXDOMAIN .*CNAME gone\.invalid; invalid 60 SOA/,
  },
  {
    row: 32,
    kind: "dns.broken-cname",
    parameters: { how: "alone" },
    dig: /ANSWER: 1,[^]*CNAME\s+gone\.invalid/,
    wire: /A IN; plc\.test 60 CNAME gone\.invalid; OPT$/,
  },
  {
    row: 32,
    kind: "dns.broken-cname",
    parameters: { how: "with-data" },
    dig: /plc\.test\.\s+60\s+IN\s+CNAME\s+gone\.invalid\.\nplc\.test\.\s+300\s+IN\s+A/,
    wire: /CNAME gone\.invalid; plc\.test 300 A/,
  },
  {
    row: 32,
    kind: "dns.broken-cname",
    parameters: { how: "at-apex" },
    dig: /AUTHORITY: 2[^]*plc\.test\.\s+60\s+IN\s+SOA/,
    wire: /CNAME gone\.invalid; plc\.test 300 A 10\.0\.0\.1; plc\.test 60 SOA .*plc\.test 60 NS gone\.invalid/,
  },
  {
    row: 34,
    kind: "dns.inconsistent",
    parameters: { address: "198.18.0.9", every: 1 },
    dig: /198\.18\.0\.9/,
    wire: /A IN; plc\.test 300 A 198\.18\.0\.9; OPT/,
  },
  {
    row: 34,
    kind: "dns.inconsistent",
    parameters: { address: "198.18.0.9", every: 1 },
    asks: ["nope.test"],
    dig: /SOA\s+ns\.test\. admin\.test\. 6 /,
    wire: /SOA .*serial 6/,
  },
  {
    row: 35,
    kind: "dns.renumber",
    parameters: { from: "10.0.0.1", to: "10.0.0.99" },
    asks: ["www.test"],
    dig: /10\.0\.0\.99/,
    wire: /CNAME plc\.test; plc\.test 300 A 10\.0\.0\.99/,
  },
  ...[0, 1, 2_147_483_647, 2_147_483_648, 4_294_967_295].map((seconds) => ({
    row: 36,
    kind: "dns.ttl",
    parameters: { seconds },
    dig: new RegExp(`plc\\.test\\.\\s+${seconds}\\s+IN\\s+A`),
    wire: new RegExp(`plc\\.test ${seconds} A`),
  })),
  {
    row: 36,
    kind: "dns.ttl",
    parameters: { seconds: 5, each: 1 },
    asks: ["pair.test"],
    dig: /\s5\s+IN\s+A\s+10\.0\.0\.3[^]*\s6\s+IN\s+A/,
    wire: /pair\.test 5 A .*pair\.test 6 A/,
  },
  {
    row: 37,
    kind: "dns.ptr",
    asks: ["1.0.0.10.in-addr.arpa", "PTR"],
    dig: /PTR\s+stranger\.test/,
    wire: /PTR stranger\.test/,
  },
  {
    row: 37,
    kind: "dns.ptr",
    parameters: { how: "none" },
    asks: ["1.0.0.10.in-addr.arpa", "PTR"],
    dig: /status: NXDOMAIN/,
    wire: /^NXDOMAIN/,
  },
  {
    row: 37,
    kind: "dns.ptr",
    parameters: { how: "many" },
    asks: ["1.0.0.10.in-addr.arpa", "PTR"],
    dig: /ANSWER: 8[^]*name-8\.stranger\.test/,
    wire: /name-1\.stranger\.test.*name-8\.stranger\.test/,
  },
  {
    row: 38,
    kind: "dns.shared-name",
    parameters: { address: "198.18.0.9" },
    dig: /198\.18\.0\.9\n[^]*10\.0\.0\.1/,
    wire: /A 198\.18\.0\.9; plc\.test 300 A 10\.0\.0\.1/,
  },
  {
    row: 39,
    kind: "dns.split-horizon",
    parameters: { address: "198.18.0.9" },
    dig: /198\.18\.0\.9/,
    wire: /A IN; plc\.test 60 A 198\.18\.0\.9/,
  },
  { row: 39, kind: "dns.split-horizon", dig: /status: NXDOMAIN/, wire: /^NXDOMAIN/ },
  {
    row: 40,
    kind: "dns.address-order",
    parameters: { dead: "198.18.0.99" },
    asks: ["pair.test"],
    dig: /10\.0\.0\.4\n[^]*198\.18\.0\.99\n[^]*10\.0\.0\.3/,
    wire: /198\.18\.0\.99; .*10\.0\.0\.3; .*10\.0\.0\.4/,
  },
  {
    row: 40,
    kind: "dns.address-order",
    parameters: { order: "reversed" },
    asks: ["pair.test"],
    dig: /10\.0\.0\.4\n[^]*10\.0\.0\.3\n/,
    wire: /10\.0\.0\.4; .*10\.0\.0\.3/,
  },
  {
    row: 41,
    kind: "dns.unroutable-aaaa",
    asks: ["www.test", "AAAA"],
    dig: /AAAA\s+2001:db8::dead/,
    wire: /CNAME plc\.test; plc\.test 60 AAAA 2001:db8::dead; OPT/,
  },
  {
    row: 42,
    kind: "dns.lame-delegation",
    parameters: { how: "upwards" },
    dig: /recursion requested but not available[^]*NS\s+a\.root-servers\.net/,
    wire: /A IN; \. 60 NS a\.root-servers\.net/,
  },
  {
    row: 42,
    kind: "dns.lame-delegation",
    parameters: { how: "no-glue" },
    dig: /ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 1[^]*NS\s+ns\.test/,
    wire: /A IN; test 60 NS ns\.test; OPT$/,
  },
  {
    row: 42,
    kind: "dns.lame-delegation",
    parameters: { how: "wrong-glue" },
    dig: /ns\.test\.\s+60\s+IN\s+A\s+192\.0\.2\.53/,
    wire: /NS ns\.test; ns\.test 60 A 192\.0\.2\.53/,
  },
  {
    row: 42,
    kind: "dns.lame-delegation",
    parameters: { how: "loop" },
    dig: /NS\s+ns\.other-zone\.test[^]*other-zone\.test\.\s+60\s+IN\s+NS\s+ns\.test/,
    wire: /test 60 NS ns\.other-zone\.test; other-zone\.test 60 NS ns\.test/,
  },
  { row: 43, kind: "dns.huge", dig: /retrying in TCP mode[^]*ANSWER: 500/, wire: / tc .*198\.18\.0\.20/ },
  {
    row: 43,
    kind: "dns.huge",
    parameters: { records: 4000 },
    asks: ["plc.test", "TXT"],
    dig: /ANSWER: 223[^]*rcvd: 598\d\d/,
    wire: / tc /,
  },
  {
    row: 44,
    kind: "dns.odd-labels",
    parameters: { label: "full" },
    dig: /CNAME\s+(?:x{63}\.){3}x{61}\./,
    wire: /CNAME (?:x{63}\.){3}x{61};/,
  },
  { row: 44, kind: "dns.odd-labels", parameters: { label: "too-long" }, dig: /bad label type/, wire: /^malformed/ },
  {
    row: 44,
    kind: "dns.odd-labels",
    parameters: { label: "long-name" },
    dig: /name too long/,
    wire: /CNAME (?:x{63}\.){4}x{63};|^malformed/,
  },
  {
    row: 44,
    kind: "dns.odd-labels",
    parameters: { label: "nul" },
    dig: /CNAME\s+plc\\000\.test/,
    wire: /CNAME plc\0\.test/,
  },
  {
    row: 44,
    kind: "dns.odd-labels",
    parameters: { label: "dot" },
    dig: /CNAME\s+plc\\\.test\.test/,
    wire: /CNAME plc\.test\.test/,
  },
  {
    row: 44,
    kind: "dns.odd-labels",
    parameters: { label: "underscore" },
    dig: /CNAME\s+_plc\.test/,
    wire: /CNAME _plc\.test/,
  },
  {
    row: 44,
    kind: "dns.odd-labels",
    parameters: { label: "idn" },
    dig: /CNAME\s+xn--bcher-kva\.test/,
    wire: /CNAME xn--bcher-kva\.test/,
  },
  {
    row: 44,
    kind: "dns.odd-labels",
    parameters: { label: "utf8" },
    dig: /CNAME\s+b\\195\\188cher\.test/,
    wire: /CNAME bücher\.test/,
  },
  {
    row: 44,
    kind: "dns.odd-labels",
    parameters: { label: "root" },
    dig: /CNAME\s+\.\n\.\s+300\s+IN\s+A/,
    wire: /CNAME \.; \. 300 A/,
  },
  {
    row: 45,
    kind: "dns.dnssec",
    parameters: { how: "says-authentic" },
    dig: /flags: qr aa rd ra ad;/,
    wire: / ra ad;/,
  },
  {
    row: 46,
    kind: "dns.wildcard",
    parameters: { address: "198.18.0.80", under: "test" },
    asks: ["nope.test"],
    dig: /status: NOERROR[^]*nope\.test\.\s+60\s+IN\s+A\s+198\.18\.0\.80/,
    wire: /^NOERROR .*nope\.test 60 A 198\.18\.0\.80/,
  },
];

const inWords = ({ row, kind, parameters = {}, asks = [] }: Row): string =>
  `row ${row}: ${kind} ${JSON.stringify(parameters)} ${asks.join(" ")}`;

describe.concurrent("dig sees it", () => {
  test.each(table.map((row) => [inWords(row), row] as const))("%s", async (_what, row) => {
    const { kind, parameters, asks = ["plc.test"], impatient = false } = row;
    await using scene = await startScene();
    // Where an answer is expected, a machine that stands still for a while is given more tries.
    const patience = impatient ? [] : ["+tries=5", "+time=5"];
    expect((await dig(scene.port, "+tries=5", "+time=5", ...asks)).said).not.toMatch(row.dig);
    await scene.inject(kind, parameters);
    expect((await dig(scene.port, ...patience, ...asks)).said).toMatch(row.dig);
    expect(scene.hits).not.toEqual([]);
  });
});

describe.concurrent("dns-packet reads on the wire", () => {
  test.each(table.map((row) => [inWords(row), row] as const))("%s", async (_what, row) => {
    const { kind, parameters, asks = ["plc.test"], wire } = row;
    await using scene = await startScene();
    await scene.inject(kind, parameters);
    const [name = "", type = "A"] = asks.filter((word) => !word.startsWith("+"));
    const seen = asks.includes("+tcp") ? await overTcp(scene, name, type) : await overUdp(scene, name, type, kind);
    expect(seen).toMatch(wire ?? /^nothing$/);
  });
});

type Scene = Awaited<ReturnType<typeof startScene>>;

const opt = {
  type: "OPT" as const,
  name: ".",
  udpPayloadSize: 1400,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

async function overUdp(scene: Scene, name: string, type: string, kind: string): Promise<string> {
  await using client = await openClient(scene.port);
  const ask = (): void => client.ask(name, type, 7, { additionals: [opt] });
  // What changes from one question to the next shows it at the second.
  if (kind === "dns.cname-flap" || kind === "dns.address-order") {
    ask();
    await client.hear();
  }
  ask();
  await until(() => scene.hits.length > 0 && (client.heard() > 0 || scene.messages.every(isQuery)));
  if (client.heard() === 0) return "nothing";
  const { bytes, from } = await client.hear();
  const elsewhere = from.address === "127.0.0.1" ? "another port" : from.address;
  const source = from.port === scene.port && from.address === "127.0.0.1" ? "" : `from ${elsewhere}: `;
  return `${source}${bytes.length > 1232 ? `from a datagram of ${bytes.length} bytes: ` : ""}${view(bytes)}`;
}

const isQuery = ({ type }: { readonly type: string }): boolean => type === "query";

async function overTcp(scene: Scene, name: string, type: string): Promise<string> {
  await using client = await openTcpClient(scene.port);
  client.ask(name, type);
  const whole = await Promise.race([
    client.hear(),
    client.ended.then(() => undefined),
    until(() => client.bytes().length >= 52),
  ]);
  return whole === undefined ? "nothing" : view(whole);
}

/** As dns-packet, which has no part in what was sent, reads it. */
function view(bytes: Buffer): string {
  try {
    const packet = decode(bytes) as ReturnType<typeof decode> & { readonly opcode: string; readonly rcode: string };
    const { id, opcode, rcode, questions = [], answers = [], authorities = [], additionals = [] } = packet;
    const flags = (["qr", "aa", "tc", "rd", "ra", "z", "ad", "cd"] as const).filter((flag) => packet[`flag_${flag}`]);
    return [
      `${id === 7 ? "" : "another id: "}${rcode} ${opcode}${flags.length > 0 ? " " : ""}${flags.join(" ")}`,
      ...questions.map((question) => `${question.name} ${question.type} ${question.class}`),
      ...[...answers, ...authorities, ...additionals].map(recordView),
    ].join("; ");
  } catch {
    return `malformed, ${bytes.length} bytes`;
  }
}

function recordView(record: Answer): string {
  if (record.type === "OPT")
    return `OPT${record.udpPayloadSize === 1400 ? " of 1400" : ""}${record.ednsVersion === 0 ? "" : ` version ${record.ednsVersion}`}${record.extendedRcode === 0 ? "" : ` rcode ${record.extendedRcode}`}`;
  const { name, type } = record;
  const ttl = "ttl" in record ? record.ttl : "";
  const data: unknown = "data" in record ? record.data : "";
  const shown = typeof data === "string" ? data : JSON.stringify(data).replaceAll(/["{}]/g, "").replaceAll(":", " ");
  return `${name} ${ttl} ${type} ${shown}`;
}

test("every fault of dns has a row here, or a test of its own below", () => {
  const own = ["refuse", "previous-reply", "duplicate", "reorder", "stale"].map((name) => `dns.${name}`);
  const all = [...faults.values()].filter(({ plane }) => plane === "dns").map(({ kind }) => kind);
  expect(new Set([...table.map(({ kind }) => kind), ...own])).toEqual(new Set(all));
});

test("row 2, dns.refuse: dig hears at once that nobody is there, over UDP and over TCP, and afterwards all is well", async () => {
  await using scene = await startScene();
  const injected = await scene.inject("dns.refuse");
  expect((await dig(scene.port, "+tries=5", "plc.test")).said).toMatch(
    /communications error to \S+: connection refused/,
  );
  expect((await dig(scene.port, "+tcp", "plc.test")).said).toMatch(/failed: connection refused/);
  await injected[Symbol.asyncDispose]();
  for (const how of ["+notcp", "+tcp"])
    expect((await dig(scene.port, "+tries=5", "+time=5", how, "plc.test")).said).toContain("10.0.0.1");
});

test("row 5, dns.previous-reply: who compares nothing but the id takes one name's address for another's", async () => {
  await using scene = await startScene();
  await scene.inject("dns.previous-reply");
  await using client = await openClient(scene.port);
  const first = await client.query("boot.test", "A", 1);
  const second = await client.query("plc.test", "A", 2);
  const addresses = [first, second].map(({ answers }) => answers?.map((each) => ("data" in each ? each.data : "")));
  expect([second.id, ...addresses]).toEqual([2, ["10.0.0.2"], ["10.0.0.2"]]);
  expect(view((await client.hear()).bytes)).toContain("plc.test 300 A 10.0.0.1");
});

test("row 6, dns.duplicate: who uses a socket again finds the second one there, and is behind from then on", async () => {
  await using scene = await startScene();
  await scene.inject("dns.duplicate", { copies: 2 }, { first: 1, match: { qname: "plc.test" } });
  await using client = await openClient(scene.port);
  await client.query("plc.test", "A", 7);
  const next = await client.query("boot.test", "A", 7);
  expect(next.questions?.[0]?.name).toBe("plc.test");
  expect(view((await client.hear()).bytes)).toContain("plc.test");
  expect(view((await client.hear()).bytes)).toContain("boot.test 300 A 10.0.0.2");
});

test.each(["A", "AAAA"])("row 7, dns.reorder: of a pair that is asked at once, %s is answered last", async (last) => {
  await using scene = await startScene();
  await scene.inject("dns.reorder", { last, longest: "1h" });
  await using client = await openClient(scene.port);
  client.ask("plc.test", "A", 1);
  client.ask("plc.test", "AAAA", 2);
  const order = [await client.hear(), await client.hear()].map(({ bytes }) => decode(bytes).questions?.[0]?.type);
  expect(order).toEqual(last === "A" ? ["AAAA", "A"] : ["A", "AAAA"]);
});

test("row 13, dns.tcp-framing: a reply in single bytes is the same reply, and two in one segment are two", async () => {
  await using scene = await startScene();
  await scene.inject("dns.tcp-framing", { how: "drip", gap: "1ms" }, { first: 1 });
  await scene.inject("dns.tcp-framing", { how: "twice" }, { nth: 2 });
  await using client = await openTcpClient(scene.port);
  const chunks: number[] = [];
  client.socket.on("data", ({ length }) => chunks.push(length));
  client.ask("plc.test");
  expect(view(await client.hear())).toContain("plc.test 300 A 10.0.0.1");
  expect(chunks.length).toBeGreaterThan(1);
  client.ask("plc.test");
  const [one, two] = [await client.hear(), await client.hear()];
  expect(one).toEqual(two);
  expect(scene.hits).toHaveLength(2);
});

test("row 28, dns.spoof: who loses the race comes second, who wins it comes before the server is asked", async () => {
  const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>();
  await using scene = await startScene(async (query) => {
    await mayAnswer;
    return answerFrom(query);
  });
  await using client = await openClient(scene.port);
  const winning = await scene.inject("dns.spoof", { address: "198.18.0.66" });
  client.ask("plc.test");
  expect(view((await client.hear()).bytes)).toContain("198.18.0.66");
  answer();
  expect(view((await client.hear()).bytes)).toContain("10.0.0.1");
  await winning[Symbol.asyncDispose]();
  await scene.inject("dns.spoof", { address: "198.18.0.66", race: "lose" });
  client.ask("plc.test", "A", 7);
  expect(view((await client.hear()).bytes)).toContain("10.0.0.1");
  expect(view((await client.hear()).bytes)).toContain("198.18.0.66");
});

test("row 30, dns.cname-flap: dig finds another alias at each question", async () => {
  await using scene = await startScene();
  await scene.inject("dns.cname-flap", { to: "a.test", or: "b.test" });
  const asked = async (): Promise<string> => (await dig(scene.port, "+tries=5", "+short", "plc.test")).said;
  expect([await asked(), await asked(), await asked()]).toEqual([
    "a.test.\n10.0.0.1\n",
    "b.test.\n10.0.0.1\n",
    "a.test.\n10.0.0.1\n",
  ]);
});

test("row 33, dns.stale: dig hears what the server said when the fault began, whatever it says by now", async () => {
  let address = "10.0.0.1";
  await using scene = await startScene((query) => {
    const reply = answerFrom(query);
    return { ...reply, answers: [{ name: "plc.test", type: "A", ttl: 1, data: address }] };
  });
  const injected = await scene.inject("dns.stale", { behind: "1h" });
  const asked = async (): Promise<string> => (await dig(scene.port, "+tries=5", "+short", "plc.test")).said.trim();
  expect(await asked()).toBe("10.0.0.1");
  address = "10.0.0.5";
  expect(await asked()).toBe("10.0.0.1");
  await injected[Symbol.asyncDispose]();
  expect(await asked()).toBe("10.0.0.5");
});
