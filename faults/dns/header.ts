import { z } from "zod";
import { dnsFault, type Message } from "./contract.ts";

const hows = ["header-only", "counts-only", "no-question", "query", "opcode", "zero-bits"] as const;

const made: Readonly<Record<(typeof hows)[number], (message: Message) => Message>> = {
  "header-only": (message) => ({ ...bare(message), questions: [] }),
  "counts-only": (message) => ({
    ...bare(message),
    questions: [],
    counts: { qdcount: message.questions.length, ancount: message.answers.length },
  }),
  "no-question": (message) => ({ ...message, questions: [] }),
  query: (message) => ({ ...message, qr: false }),
  opcode: (message) => ({ ...message, opcode: 4 }),
  "zero-bits": (message) => ({ ...message, z: true }),
};

export const header = dnsFault({
  plane: "dns",
  kind: "dns.header",
  about: "A reply that can be read, whose header is not that of an answer to what was asked.",
  source: "RFC 1035, section 4.1.1; RFC 5452, section 9.1; RFC 8906, section 3",
  example: "{ how: header-only }",
  pulse: false,
  parameters: z.strictObject({
    how: z.enum(hows, `write one of ${hows.join(", ")}`).meta({
      description:
        "header-only: 12 bytes, and all counts 0; counts-only: 12 bytes, and counts as if the rest were there; no-question: the answer without the question; query: QR is 0, as if it were a query; opcode: NOTIFY; zero-bits: the bit that must be zero is not",
      examples: [...hows],
    }),
  }),
  start: () => ({}),
  after: (reply, _query, _state, { how }) => ({ ...reply, message: made[how](reply.message) }),
});

function bare(message: Message): Message {
  return { ...message, answers: [], authorities: [], additionals: [], edns: undefined };
}
