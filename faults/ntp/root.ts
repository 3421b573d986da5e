import { z } from "zod";
import { duration } from "../units.ts";
import { atLeastOne } from "../at-least-one.ts";
import { ntpFault } from "./contract.ts";

/** What 32 bits hold. */
const longest = 65_535_999;
const fitting = duration.refine((milliseconds) => milliseconds <= longest, "write a duration up to 18h");

const either = ["delay", "dispersion"];

export const root = ntpFault({
  plane: "ntp",
  kind: "ntp.root",
  about:
    "The server says that it is far from the true time, and by how much it may be wrong: beyond some seconds of root distance (half of the delay, and the dispersion) a client should have no use for it.",
  source:
    "RFC 5905, section 11.2 and appendix A.1.1 (MAXDIST 1 s, MAXDISP 16 s); systemd/systemd#7211 and #13912; balena-os/meta-balena#1852 (3849 s)",
  example: "{ dispersion: 10s }",
  pulse: false,
  atLeastOneOf: either,
  parameters: z
    .strictObject({
      delay: fitting
        .optional()
        .meta({ description: "the Root Delay; by default as it is", strengths: ["10ms", "60s"] }),
      dispersion: fitting
        .optional()
        .meta({ description: "the Root Dispersion; by default as it is", strengths: ["10ms", "60s"] }),
    })
    .refine(...atLeastOne(either, "dispersion: 10s")),
  start: () => ({}),
  after: (reply, _request, _state, { delay, dispersion }) => ({
    ...reply,
    packet: {
      ...reply.packet,
      rootDelayMs: delay ?? reply.packet.rootDelayMs,
      rootDispersionMs: dispersion ?? reply.packet.rootDispersionMs,
    },
  }),
});
