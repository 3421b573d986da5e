import { z } from "zod";
import { signedDuration } from "../units.ts";
import { ntpFault } from "./contract.ts";
import { wrongBy } from "./packet.ts";

/** 2036-02-07T06:28:16Z, 2^32 seconds after 1900. */
const nextEraMs = 2_085_978_496_000;

export const era = ntpFault({
  plane: "ntp",
  kind: "ntp.era",
  about:
    "The server lives in February 2036, where the seconds of NTP's timestamps begin again at 0: before, at, or behind that moment, and on from there. Whoever has no idea of eras falls back to 1900.",
  source: "RFC 5905, section 6; gmag11/NtpClient#70; beevik/ntp#15",
  example: "{ in: 10s }",
  pulse: false,
  parameters: z.strictObject({
    in: signedDuration
      .prefault("0s")
      .meta({ description: "how long until the new era when it is injected; below 0, how long it has been there" }),
  }),
  start: () => ({}),
  after: (reply, _request, _state, { in: until }, { since }) => ({
    ...reply,
    packet: wrongBy(reply.packet, nextEraMs - until - since),
  }),
});
