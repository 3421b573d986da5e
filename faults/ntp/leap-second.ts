import { z } from "zod";
import { duration } from "../units.ts";
import { ntpFault } from "./contract.ts";
import { wrongBy } from "./packet.ts";

const ways = ["insert", "delete"] as const;

export const leapSecond = ntpFault({
  plane: "ntp",
  kind: "ntp.leap-second",
  about:
    "A leap second happens to the server, and the client's clock has to follow: one that is inserted makes the server repeat a second, so that its time is a second behind ever after; one that is deleted makes it skip one. Until then it is announced, or not.",
  source:
    "RFC 5905, section 7.3; RFC 8633, section 3.7.1; Cloudflare, January 2017 (a duration below 0); Linux, June 2012",
  example: "{ in: 1m }",
  pulse: false,
  parameters: z.strictObject({
    way: z
      .enum(ways, "write insert or delete")
      .prefault("insert")
      .meta({ description: "a second more, or one less", examples: [...ways] }),
    in: duration.prefault("0s").meta({ description: "from its injection until it happens", strengths: ["1m", "0ms"] }),
    announced: z
      .enum(["yes", "no"], "write yes or no")
      .prefault("yes")
      .meta({ description: "whether the leap indicator says so until then", examples: ["yes", "no"] }),
  }),
  start: () => ({}),
  after(reply, _request, _state, { way, in: until, announced }, { now, since }) {
    const over = now - since >= until;
    if (over) return { ...reply, packet: wrongBy(reply.packet, way === "insert" ? -1000 : 1000) };
    const leap = way === "insert" ? 1 : 2;
    return announced === "no" ? reply : { ...reply, packet: { ...reply.packet, leap } };
  },
});
