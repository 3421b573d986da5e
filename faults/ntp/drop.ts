import { z } from "zod";
import { duration } from "../units.ts";
import { ntpFault } from "./contract.ts";

const losts = ["request", "reply"] as const;

export const drop = ntpFault({
  plane: "ntp",
  kind: "ntp.drop",
  soughtAs: ["loss", "blackhole", "timeout", "down"],
  about:
    "Requests, or their replies, are lost, and nobody is told: all of them, unless the step says `probability`, `nth` and the like; or only those of a burst, with which some clients begin.",
  source: "RFC 5905, section 9 (reach); sites that block NTP (Muir 2004, 3.3); scionproto/scion#961",
  example: "{}",
  pulse: false,
  parameters: z.strictObject({
    lost: z
      .enum(losts, "write request or reply")
      .prefault("request")
      .meta({ description: "what is lost: before the server has seen anything, or behind it", examples: [...losts] }),
    closer_than: duration.optional().meta({
      description: "only what is asked within this time of the client's request before, as in a burst; by default all",
    }),
  }),
  // `meant`: the latest request.
  start: () => ({ last: -Infinity, meant: true }),
  before(_request, state, { lost, closer_than: gap = Infinity }, { now }) {
    state.meant = gap === Infinity || now - state.last < gap;
    state.last = now;
    return lost === "request" && state.meant ? { type: "drop" } : undefined;
  },
  after: (reply, _request, state, { lost }) => (lost === "reply" && state.meant ? [] : reply),
});
