/** Faults of the dns and the ntp plane decide about what anybody may send: whatever it is, they must not throw, and what they make of it must be bytes. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import type { DnsFault, DnsReply } from "../../faults/dns/contract.ts";
import type { NtpFault } from "../../faults/ntp/contract.ts";
import { faults } from "../../faults/registry.ts";
import { runs } from "../../host/night.testing.ts";
import { decideAfter as decideAfterDns, decideBefore as decideBeforeDns } from "../../proxies/dns/decide.ts";
import { anything } from "../../proxies/dns/wire/anything.testing.ts";
import { decode as decodeDns } from "../../proxies/dns/wire/decode.ts";
import { encode as encodeDns } from "../../proxies/dns/wire/encode.ts";
import { bytesOf, decideAfter, decideBefore } from "../../proxies/ntp/decide.ts";
import { decode } from "../../proxies/ntp/wire/packet.ts";
import { readYaml } from "./yaml.ts";
import { toPlain } from "./tree.ts";

type Parameters = Record<string, unknown>;

/** The fault's example, and with each of the values that its parameters give as examples. */
function variantsOf(kind: string): readonly Parameters[] {
  const { parameters, example } = faults.get(kind) ?? { parameters: z.strictObject({}), example: "{}" };
  const { tree } = readYaml("example", example);
  const written = (tree === undefined ? {} : toPlain(tree)) as unknown as Parameters;
  const changed = Object.entries(parameters.shape).flatMap(([key, parameter]) => {
    const examples = (parameter.meta()?.["examples"] ?? []) as readonly unknown[];
    return examples.map((value) => ({ ...written, [key]: value }));
  });
  return [written, ...changed].flatMap((each) => {
    const parsed = parameters.safeParse(each);
    return parsed.success ? [parsed.data] : [];
  });
}

function casesOf(plane: "dns" | "ntp"): readonly (readonly [string, Parameters])[] {
  return [...faults.values()]
    .filter((fault) => fault.plane === plane)
    .flatMap(({ kind }) => variantsOf(kind).map((parameters) => [kind, parameters] as const));
}

const injectedOf = <Fault>(fault: Fault & { start(parameters: Parameters): object }, parameters: Parameters) => ({
  fault,
  parameters,
  state: fault.start(parameters),
});

test.each(casesOf("ntp"))("%s %j takes any packet", (kind, parameters) => {
  const packet = fc.uint8Array({ minLength: 48, maxLength: 120 }).map((bytes) => {
    const decoded = decode(bytes);
    if ("malformed" in decoded) throw new Error(decoded.malformed);
    return decoded.packet;
  });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(packet, packet), { minLength: 1, maxLength: 4 }),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      (exchanges, drawn) => {
        const meeting = {
          ...injectedOf(faults.get(kind) as NtpFault, parameters),
          owner: {},
          hit: () => {},
          context: { ordinal: 1, since: 1e12, client: "198.18.0.2", draw: () => drawn },
        };
        for (const [request, reply] of exchanges) {
          const before = decideBefore([meeting], request, 1e12 + 5);
          const came = before.type === "answer" ? before.replies : [{ packet: reply, laterMs: 0 }];
          for (const { reply: put } of decideAfter([meeting], came, request, 1e12 + 9))
            expect(bytesOf(put).length).toBeLessThanOrEqual(65_507);
        }
      },
    ),
    runs(40),
  );
});

const size = ({ message: of, bytes }: DnsReply): number => (bytes ?? encodeDns(of)).length;

test.each(casesOf("dns"))("%s %j takes any message", (kind, parameters) => {
  const message = fc.oneof(...anything.values()).map(decodeDns);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(message, message), { minLength: 1, maxLength: 4 }),
      fc.constantFrom("udp" as const, "tcp" as const),
      (exchanges, transport) => {
        const owner = {
          ...injectedOf(faults.get(kind) as DnsFault, parameters),
          draw: () => 0.5,
          onHit: () => {},
          since: 1e12,
          isLifted: false,
        };
        const asked = {
          connection: 1,
          transport,
          client: "198.18.0.2",
          socket: "198.18.0.2:5353",
          question: { name: "plc.test", type: "A" },
          attempt: 1,
        };
        const met = {
          owner,
          asked,
          ordinal: 1,
          clientNumber: 1,
          chosen: true,
          query: undefined,
          isBound: false,
          isHit: false,
        };
        const telling = { now: 1e12 + 5, sizeOf: size };
        for (const [query, reply] of exchanges) {
          if (!("message" in query) || !("message" in reply)) continue;
          const { answers, pass } = decideBeforeDns([met], query.message, telling);
          const passed =
            pass === undefined ? [] : [{ reply: { message: reply.message, laterMs: 0 }, delay: new Map() }];
          const made = answers.flatMap(({ replies }) => replies.map((each) => ({ reply: each, delay: new Map() })));
          for (const { reply: put } of [...made, ...decideAfterDns([met], passed, query.message, telling)])
            expect(size(put)).toBeGreaterThan(0);
        }
      },
    ),
    runs(40),
  );
});
