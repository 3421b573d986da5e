import { z } from "zod";
import { dnsFault, type Message } from "./contract.ts";
import { questionOf, type Question } from "./message.ts";
import { under } from "./name.ts";

const fields = ["name", "type", "class"] as const;

export const wrongQuestion = dnsFault({
  plane: "dns",
  kind: "dns.wrong-question",
  about:
    "The reply has the right id, and is one to another question: another name, type or class. Its records have that name and that class; of another type they stay what they are.",
  source: "RFC 5452, section 9.1; cool.io#101",
  example: "{ field: name }",
  pulse: false,
  parameters: z.strictObject({
    field: z
      .enum(fields, `write one of ${fields.join(", ")}`)
      .prefault("name")
      .meta({ description: "what is another one", examples: [...fields] }),
  }),
  start: () => ({}),
  after: (reply, query, _state, { field }) => ({ ...reply, message: changed(reply.message, query, field) }),
});

function changed(message: Message, query: Message, field: (typeof fields)[number]): Message {
  const asked = questionOf(query);
  if (asked === undefined) return message;
  const change = <T extends Question>(one: T): T => {
    if (field === "name") return { ...one, name: under("not", asked.name) };
    return field === "class" ? { ...one, class: "CH" } : one;
  };
  const questions = message.questions.map((one) =>
    field === "type" ? { ...one, type: asked.type === "TXT" ? "A" : "TXT" } : change(one),
  );
  return { ...message, questions, answers: message.answers.map(change) };
}
