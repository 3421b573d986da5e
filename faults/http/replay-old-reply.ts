import { z } from "zod";
import { count } from "../units.ts";
import { httpFault } from "./contract.ts";
import { forget, keep, nothingKept } from "./kept.ts";
import type { Headers, HttpReply } from "./message.ts";

export const replayOldReply = httpFault({
  plane: "http",
  kind: "http.replay-old-reply",
  about:
    "The server is asked and answers, but the client gets the reply to an earlier request, whatever that was for: as over a connection on which requests and replies have got out of step. Replies that `nth` leaves alone count as well; one without a body, above 16 MiB or that has not come to its end yet is not kept.",
  source: "RFC 9112, section 9.3.2; HTTP request smuggling, response queue poisoning",
  example: "{ back: 1 }",
  pulse: false,
  parameters: z.strictObject({
    back: count(1, 1000)
      .prefault(1)
      .meta({ description: "how many requests ago", strengths: [1, 10] }),
  }),
  // Those that match count, the others that `nth` leaves alone included.
  start: () => ({ ...nothingKept(), seen: 0 }),
  after(reply, _request, state, { back }) {
    const old = state.replies.get(String(state.seen - back));
    return old === undefined ? undefined : { type: "reply", reply: overConnectionOf(reply, old) };
  },
  remember(_reply, _request, state, { back }) {
    state.seen += 1;
    const own = state.seen;
    forget(state, String(own - back - 1));
    return (whole) => {
      // One that took long may have had its turn by now.
      if (own > state.seen - back) keep(state, String(own), whole);
    };
  },
});

/** What a server says of a connection is never of another one (RFC 9110, section 7.6.1). */
function overConnectionOf(reply: HttpReply, old: HttpReply): HttpReply {
  const own = reply.headers.filter(ofConnection);
  return { ...old, headers: [...old.headers.filter((header) => !ofConnection(header)), ...own] };
}

const ofConnection = ([name]: Headers[number]): boolean => /^(?:keep-alive|connection)$/i.test(name);
