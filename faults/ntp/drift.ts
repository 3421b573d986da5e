import { z } from "zod";
import { count } from "../units.ts";
import { ntpFault } from "./contract.ts";
import { wrongBy } from "./packet.ts";

export const drift = ntpFault({
  plane: "ntp",
  kind: "ntp.drift",
  about:
    "The server's clock runs fast or slow from now on, so that it is wrong by more and more; when it is lifted, its time is true again at once. Beyond 500 ppm no client can follow by steering its clock alone.",
  source: "RFC 5905, section 11.3 (500 ppm at most); PlanetLab users, March 2004 (clocks that drifted back for hours)",
  example: "{ ppm: 600 }",
  pulse: false,
  parameters: z.strictObject({
    ppm: count(-500_000, 1_000_000).meta({
      description: "microseconds gained in a second; lost, if below 0",
      strengths: [10, 100_000],
    }),
  }),
  start: () => ({}),
  after: (reply, _request, _state, { ppm }, { now, since }) => ({
    ...reply,
    packet: wrongBy(reply.packet, ((now - since) * ppm) / 1e6),
  }),
});
