import { z } from "zod";
import { dnsFault, type DnsReply } from "./contract.ts";
import { answerTo, rcodes, type Message } from "./message.ts";

const hows = ["formerr", "notimp", "badvers", "silence", "echo", "omit", "garbage", "tiny"] as const;
type How = (typeof hows)[number];

export const edns = dnsFault({
  plane: "dns",
  kind: "dns.edns",
  about:
    "A query with EDNS is mishandled, as by an old server or a middlebox; one without is answered well. A client must try again without it, and remember that.",
  source: "RFC 6891, section 7; RFC 8906, section 8; zdns#618; wahern/dns#4; check-soa#10; dns-violations#58",
  example: "{ how: formerr }",
  pulse: false,
  parameters: z.strictObject({
    how: z.enum(hows, `write one of ${hows.join(", ")}`).meta({
      description:
        "formerr, notimp: that rcode, without OPT; badvers: that rcode, and version 0; silence: nothing comes; echo: the client's own OPT comes back, its options and all; omit: the answer is well, and has no OPT; garbage: an OPT of version 77 with an option that nobody knows; tiny: the server says that it takes 0 bytes",
      examples: [...hows],
    }),
  }),
  start: () => ({}),
  before(query, _state, { how }) {
    if (query.edns === undefined) return undefined;
    if (how === "silence") return { type: "drop" };
    const message = refusalOf(how, query);
    return message === undefined ? undefined : { type: "answer", replies: [{ message, laterMs: 0 }] };
  },
  after(reply, query, _state, { how }) {
    if (query.edns === undefined) return undefined;
    const changed = optOf(how, query);
    return changed === undefined
      ? undefined
      : ({ ...reply, message: { ...reply.message, ...changed } } satisfies DnsReply);
  },
});

function refusalOf(how: How, query: Message): Message | undefined {
  switch (how) {
    case "formerr":
    case "notimp":
      return answerTo(query, { rcode: rcodes[how], edns: undefined });
    case "badvers":
      return answerTo(query, { rcode: rcodes.badvers });
    case "silence":
    case "echo":
    case "omit":
    case "garbage":
    case "tiny":
      return undefined;
  }
}

function optOf(how: How, { edns: asked }: Message): Pick<Message, "edns"> | undefined {
  const plain = { version: 0, udpPayloadSize: 1232, dnssecOk: false, z: 0, options: [] };
  switch (how) {
    case "echo":
      return { edns: asked };
    case "omit":
      return { edns: undefined };
    case "garbage":
      return { edns: { ...plain, version: 77, z: 0x1234, options: [{ code: 65_001, data: Uint8Array.of(1, 2, 3) }] } };
    case "tiny":
      return { edns: { ...plain, udpPayloadSize: 0 } };
    case "silence":
    case "formerr":
    case "notimp":
    case "badvers":
      return undefined;
  }
}
