import { z } from "zod";
import { count } from "../units.ts";
import { dnsFault } from "./contract.ts";
import { answerTo, questionOf, rcodes, soa, type Message } from "./message.ts";
import { parentOf } from "./name.ts";
import { seconds, timeToLive } from "./parameters.ts";

const names = ["nxdomain", "servfail", "refused", "formerr", "notimp", "notauth"] as const;
const mostWithoutEdns = 15;

type Which = { readonly code?: (typeof names)[number] | undefined; readonly number?: number | undefined };

export const rcode = dnsFault({
  plane: "dns",
  kind: "dns.rcode",
  soughtAs: ["nxdomain", "servfail", "refused", "formerr", "notimp", "notauth"],
  about:
    "The answer is an error. NXDOMAIN says that there is no such name, and a cache may keep that for as long as the SOA says, beyond the end of the outage; of SERVFAIL and REFUSED a client with several servers is expected to ask the next one. With `match: { qtype: AAAA }` one family fails and the other works.",
  source:
    "RFC 1035, section 4.1.1; RFC 2308, sections 5 and 7.1; RFC 8020; RFC 8906; RFC 9520; RFC 4074: AAAA fails where A works; systemd#7147, systemd#5553, hickory-dns#606, dnsproxy#257, c-ares#73",
  example: "{ code: servfail }",
  pulse: false,
  exactlyOneOf: ["code", "number"],
  parameters: z
    .strictObject({
      code: z
        .enum(names, `write one of ${names.join(", ")}`)
        .optional()
        .meta({ description: "which; or else `number`", examples: [...names] }),
      number: count(0, 4095)
        .optional()
        .meta({
          description:
            "by its number, instead of `code`, such as 12 to 15, which are reserved; above 15 only queries with EDNS are answered so",
          examples: [12, 13, 14, 15],
        }),
      when: z.enum(["before", "after"], "write before or after").prefault("before").meta({
        description:
          "before: in place of the server; after: the server was asked, and its records come along, but for an SOA beside NXDOMAIN",
      }),
      soa: z
        .enum(["with", "without"], "write with or without")
        .prefault("with")
        .meta({ description: "of nxdomain: whether there is an SOA, without which nobody may keep it" }),
      negative_ttl: timeToLive("of nxdomain: how long a cache may keep it"),
    })
    .refine(
      ({ code, number }) => (code === undefined) !== (number === undefined),
      "write exactly one of code and number, such as code: servfail",
    ),
  start: () => ({}),
  before(query, _state, parameters) {
    if (parameters.when === "after" || !canSay(query, parameters)) return undefined;
    return { type: "answer", replies: [{ message: asError(answerTo(query), query, parameters), laterMs: 0 }] };
  },
  after(reply, query, _state, parameters) {
    if (parameters.when === "before" || !canSay(reply.message, parameters)) return undefined;
    return { ...reply, message: asError(reply.message, query, parameters) };
  },
});

interface Negative extends Which {
  readonly soa: "with" | "without";
  readonly negative_ttl: number;
}

/** Of NXDOMAIN, the SOA is ours, or there is none. */
function asError(message: Message, query: Message, { soa: wanted, negative_ttl: ttl, ...which }: Negative): Message {
  const code = rcodeOf(which);
  if (code !== rcodes.nxdomain) return { ...message, rcode: code };
  const others = message.authorities.filter(({ type }) => type !== "SOA");
  const own = wanted === "with" ? [soa(parentOf(questionOf(query)?.name ?? "."), seconds(ttl))] : [];
  return { ...message, rcode: code, authorities: [...others, ...own] };
}

/** The upper bits are in OPT. */
function canSay({ edns }: Message, which: Which): boolean {
  return edns !== undefined || rcodeOf(which) <= mostWithoutEdns;
}

function rcodeOf({ code, number }: Which): number {
  return number ?? rcodes[code ?? "noerror"];
}
