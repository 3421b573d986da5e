import { z } from "zod";
import { dnsFault } from "./contract.ts";
import { isSameName } from "./name.ts";
import { questionOf, type Question } from "./message.ts";

const changes = {
  lower: (name: string) => name.toLowerCase(),
  upper: (name: string) => name.toUpperCase(),
  swapped: (name: string) =>
    Array.from(name)
      .map((letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()))
      .join(""),
} as const;

export const letterCase = dnsFault({
  plane: "dns",
  kind: "dns.letter-case",
  soughtAs: ["0x20"],
  about:
    "The question comes back in other letters than it was asked in. Names are the same whatever their case; but a resolver that asks in random case to recognise its answers (0x20) throws it away, and a client that compares bytes is wrong.",
  source: "RFC 4343; draft-vixie-dnsext-dns0x20",
  example: "{ to: upper }",
  pulse: false,
  parameters: z.strictObject({
    to: z
      .enum(["lower", "upper", "swapped"], "write lower, upper or swapped")
      .prefault("swapped")
      .meta({ description: "which letters; swapped: each in the other case", examples: ["lower", "upper", "swapped"] }),
  }),
  start: () => ({}),
  after(reply, query, _state, { to }) {
    const asked = questionOf(query)?.name;
    if (asked === undefined) return undefined;
    const changed = <T extends Question>(one: T): T =>
      typeof one.name === "string" && isSameName(one.name, asked) ? { ...one, name: changes[to](asked) } : one;
    const { message } = reply;
    return {
      ...reply,
      message: { ...message, questions: message.questions.map(changed), answers: message.answers.map(changed) },
    };
  },
});
