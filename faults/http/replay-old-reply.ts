import { z } from "zod";
import { count } from "../units.ts";
import { httpFault } from "./contract.ts";
import { forget, keep, nothingKept } from "./kept.ts";
import type { Headers, HttpReply } from "./message.ts";

export const replayOldReply = httpFault({
  plane: "http",
  kind: "http.replay-old-reply",
  about:
    "The server is asked and answers, but the client gets the reply to an earlier request, whatever that was for: as over a connection on which requests and replies have got out of step. Replies are kept back until they are whole, up to 16 MiB, those that `nth` leaves alone included: nothing streams meanwhile.",
  source: "RFC 9112, section 9.3.2; HTTP request smuggling, response queue poisoning",
  example: "{ back: 1 }",
  pulse: false,
  parameters: z.strictObject({
    back: count(1, 1000)
      .prefault(1)
      .meta({ description: "how many requests ago", strengths: [1, 10] }),
  }),
  whole: () => "reply",
  // Those that match count, the others that `nth` leaves alone included.
  start: () => ({ ...nothingKept(), seen: 0 }),
  after(reply, _request, state, { back }) {
    const old = state.replies.get(String(state.seen - back));
    return old === undefined || old === reply ? undefined : { type: "reply", reply: overConnectionOf(reply, old) };
  },
  remember(reply, _request, state, { back }) {
    state.seen += 1;
    keep(state, String(state.seen), reply);
    forget(state, String(state.seen - back - 1));
  },
});

/** What a server says of a connection is never of another one (RFC 9110, section 7.6.1). */
function overConnectionOf(reply: HttpReply, old: HttpReply): HttpReply {
  const own = reply.headers.filter(ofConnection);
  return { ...old, headers: [...old.headers.filter((header) => !ofConnection(header)), ...own] };
}

const ofConnection = ([name]: Headers[number]): boolean => /^(?:keep-alive|connection)$/i.test(name);
