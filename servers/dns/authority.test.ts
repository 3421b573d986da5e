import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decode } from "../../proxies/dns/wire/decode.ts";
import { anything } from "../../proxies/dns/wire/anything.testing.ts";
import { corpus } from "../../proxies/dns/wire/corpus.testing.ts";
import { createAuthority } from "./authority.ts";
import { parseMasterFile } from "./master-file.ts";
import { readReply, writeQuestion } from "./message.ts";
import { createZone } from "./zone.ts";

const { records } = parseMasterFile(
  `@ 5m SOA ns hostmaster 7 1h 10m 1w 1m
   NS ns
ns A 192.0.2.53
* A 192.0.2.9
www CNAME ring
ring CNAME www
lab NS ns.lab
ns.lab A 192.0.2.54
a\\000b MX 10 *
_ntp._udp SRV 0 0 123 ns
`,
  "test",
);
const respond = createAuthority(new Map([["test", createZone("test", records)]]));

const names = ["", ".", "test", "www.test", "x.lab.test", "a\\.b.test", "*.test", "a.b.c.d.test", "other"];
const queries = [
  ...names.flatMap((name) => [writeQuestion(7, name, "SOA"), writeQuestion(7, name, "AXFR")]),
  // What a client sends is what a server has said, without the bit that says so.
  ...[...corpus.values()].map((bytes) => Uint8Array.from(bytes, (byte, at) => (at === 2 ? byte & 0x7f : byte))),
];

const changed = fc
  .tuple(fc.constantFrom(...queries), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 8 }), fc.nat(300))
  .map(([bytes, changes, cut]) => {
    const copy = bytes.slice(0, Math.max(1, cut));
    for (const [at, value] of changes) copy[at % copy.length] = value;
    return copy;
  });
const whatever = fc.oneof(changed, ...anything.values());

test("whatever it is asked, an authority answers at most with messages that can be read, to that question", async () => {
  await fc.assert(
    fc.asyncProperty(whatever, fc.constantFrom("udp" as const, "tcp" as const), async (bytes, over) => {
      const replies = await respond(bytes, over);
      for (const reply of replies) {
        expect(reply.length).toBeLessThanOrEqual(over === "udp" ? 1232 : 65_535);
        expect(decode(reply)).toMatchObject({ message: { id: (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0), qr: true } });
      }
      expect(replies.length).toBeLessThanOrEqual(2);
    }),
    { numRuns: 2000 },
  );
});

function saidBy(bytes: Uint8Array): string {
  try {
    return readReply(bytes).answers.every(({ ttl }) => ttl >= 0) ? "records" : "records that can't be";
  } catch (error) {
    return String(error).replace(/: what came is no message: .*/, "");
  }
}

test("whatever a primary says, it is records or an error that says why not", () => {
  fc.assert(
    fc.property(whatever, (bytes) => {
      expect(["records", "Error"]).toContain(saidBy(bytes));
    }),
    { numRuns: 2000 },
  );
});
