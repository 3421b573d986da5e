import { z } from "zod";
import { count } from "../units.ts";
import { dnsFault } from "./contract.ts";

const sections = ["question", "answer", "authority", "additional"] as const;

export const counts = dnsFault({
  plane: "dns",
  kind: "dns.counts",
  about:
    "The header says another number of records than there are: more, and a parser reads on behind the end; fewer, and the rest is read as another section, or as garbage.",
  source: "RFC 1035, section 4.1.1; RFC 9267, section 6",
  example: "{ section: answer, says: 9 }",
  pulse: false,
  parameters: z.strictObject({
    section: z
      .enum(sections, `write one of ${sections.join(", ")}`)
      .prefault("answer")
      .meta({ description: "whose count", examples: [...sections] }),
    says: count(0, 65_535).prefault(9).meta({ description: "how many there would be" }),
  }),
  start: () => ({}),
  after(reply, _query, _state, { section, says }) {
    const field = ({ question: "qdcount", answer: "ancount", authority: "nscount", additional: "arcount" } as const)[
      section
    ];
    const { message } = reply;
    return { ...reply, message: { ...message, counts: { ...message.counts, [field]: says } } };
  },
});
