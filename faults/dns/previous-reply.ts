import { z } from "zod";
import { dnsFault, type Message } from "./contract.ts";
import { keep, nothingKept } from "./kept.ts";

export const previousReply = dnsFault({
  plane: "dns",
  kind: "dns.previous-reply",
  about:
    "Before the answer comes that to the question before, of the same client: a reply that was late, or has come twice, and is taken for the next one by whoever uses a port or an id again and does not compare the question.",
  source: "RFC 5452, section 3; DnsClient.NET#140: all answers are shifted by one",
  example: "{ id: new }",
  pulse: false,
  parameters: z.strictObject({
    id: z
      .enum(["old", "new"], "write old or new")
      .prefault("new")
      .meta({
        description: "old: the id that it had; new: the id of the query that is waiting",
        examples: ["old", "new"],
      }),
  }),
  start: () => nothingKept<Message>(),
  after(reply, query, state, { id }, { client }) {
    const before = state.by.get(client);
    keep(state, client, reply.message);
    if (before === undefined) return undefined;
    return [{ ...reply, message: id === "old" ? before : { ...before, id: query.id } }, reply];
  },
});
