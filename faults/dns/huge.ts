import { z } from "zod";
import { count } from "../units.ts";
import { dnsFault } from "./contract.ts";
import { addressRecord, questionOf, rcodes, resource, type Resource } from "./message.ts";

const mostBytesOfText = 255;
const usualTtl = 60;

export const huge = dnsFault({
  plane: "dns",
  kind: "dns.huge",
  about:
    "The set of records is huge: hundreds of addresses, or a TXT of many KiB. Over UDP a client is told to ask over TCP; there it gets all of it, up to the 64 KiB that a message has.",
  source: "RFC 1035, section 4.2.2; RFC 6891; buffers of getaddrinfo, such as CVE-2015-7547's",
  example: "{ records: 500 }",
  pulse: false,
  parameters: z.strictObject({
    records: count(1, 4000)
      .prefault(500)
      .meta({
        description:
          "how many: addresses for a question for A or AAAA, else texts of 255 bytes for TXT; as many of them as fit",
        strengths: [30, 4000],
      }),
  }),
  start: () => ({}),
  after(reply, query, _state, { records }) {
    const asked = questionOf(query);
    const make = asked === undefined ? undefined : makers[asked.type];
    const { message } = reply;
    if (asked === undefined || make === undefined || message.rcode !== rcodes.noerror) return undefined;
    const others = message.answers.filter(({ type }) => type === "CNAME");
    const target = others.at(-1)?.data;
    const owner =
      target !== undefined && "target" in target && typeof target.target === "string" ? target.target : asked.name;
    const most = Math.min(records, Math.floor(60_000 / bytesOf[asked.type as keyof typeof bytesOf]));
    const answers = [...others, ...Array.from({ length: most }, (_, n) => make(owner, n))];
    return { ...reply, message: { ...message, answers, authorities: [], additionals: [] } };
  },
});

const text = { texts: [new TextEncoder().encode("x".repeat(mostBytesOfText))] };
/** Of a record whose name is a pointer. */
const bytesOf = { A: 16, AAAA: 28, TXT: 268 } as const;
const makers: Readonly<Record<string, (name: string, n: number) => Resource>> = {
  A: (name, n) => addressRecord(name, `198.18.${(n >> 8) & 0xff}.${n & 0xff}`, usualTtl),
  AAAA: (name, n) => addressRecord(name, `2001:db8::${(n + 1).toString(16)}`, usualTtl),
  TXT: (name) => resource(name, "TXT", usualTtl, text),
};
