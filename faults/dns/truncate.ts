import { z } from "zod";
import { count } from "../units.ts";
import { dnsFault } from "./contract.ts";

export const truncate = dnsFault({
  plane: "dns",
  kind: "dns.truncate",
  soughtAs: ["tc"],
  about:
    "Over UDP every reply says TC, and has few answers or none, so that a client must ask again over TCP; and there it is answered, or is not. A client that can't speak TCP, or takes what is there for all, shows it.",
  source:
    "RFC 1035, section 4.1.1; RFC 2181, section 9; RFC 7766, section 5; docker-alpine#326: musl asked over UDP only; coredns#6149; firewalls that let only UDP pass",
  example: "{ tcp: refuse }",
  pulse: false,
  parameters: z.strictObject({
    keep: count(0, 1000).prefault(0).meta({ description: "how many answers are left" }),
    tcp: z
      .enum(
        ["answer", "refuse", "silent", "reset", "mute", "close"],
        "write answer, refuse, silent, reset, mute or close",
      )
      .prefault("answer")
      .meta({
        description:
          "what comes of the second try. answer: all is well; refuse: nobody listens, and silent: a connect gets no answer (both for everybody); reset, close: the connection ends by RST or FIN when something is asked; mute: nothing comes",
        examples: ["answer", "refuse", "silent", "reset", "mute", "close"],
      }),
  }),
  doors: ({ tcp }) => (tcp === "refuse" ? { tcp: "shut" } : tcp === "silent" ? { tcp: "silent" } : {}),
  start: () => ({}),
  before(_query, _state, { tcp }, { transport }) {
    if (transport === "udp") return undefined;
    if (tcp === "mute") return { type: "drop" };
    return tcp === "reset" || tcp === "close" ? { type: "end", how: tcp } : undefined;
  },
  after(reply, _query, _state, { keep }, { transport }) {
    if (transport === "tcp") return undefined;
    const { message } = reply;
    const answers = message.answers.slice(0, keep);
    return { ...reply, message: { ...message, tc: true, answers, authorities: [], additionals: [] } };
  },
});
