import { z } from "zod";
import { duration } from "../units.ts";
import { ntpFault } from "./contract.ts";
import { shifted } from "./timestamp.ts";

const whats = ["sent-before-received", "negative-delay"] as const;

export const impossibleTimes = ntpFault({
  plane: "ntp",
  kind: "ntp.impossible-times",
  about:
    "The reply's times can't be: it was sent before the request had come (T3 before T2), or the server had it for longer than the client waited, so that the round trip took less than no time. The offset is the same as without it.",
  source: "RFC 5905, section 8 and appendix A.5.1.1",
  example: "{ what: negative-delay }",
  pulse: false,
  parameters: z.strictObject({
    what: z
      .enum(whats, "write sent-before-received or negative-delay")
      .prefault("sent-before-received")
      .meta({ description: "which of the two", examples: [...whats] }),
    by: duration.prefault("2s").meta({ description: "by how much", strengths: ["10ms", "1h"] }),
  }),
  start: () => ({}),
  after(reply, _request, _state, { what, by }) {
    const half = what === "negative-delay" ? by / 2 : -by / 2;
    const { receive, transmit } = reply.packet;
    return {
      ...reply,
      packet: { ...reply.packet, receive: shifted(receive, -half), transmit: shifted(transmit, half) },
    };
  },
});
