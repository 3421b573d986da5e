import { z } from "zod";
import { duration, signedDuration } from "../units.ts";
import { ntpFault } from "./contract.ts";
import { wrongBy } from "./packet.ts";

export const smear = ntpFault({
  plane: "ntp",
  kind: "ntp.smear",
  about:
    "The server smears a leap second: its time goes wrong little by little, evenly, until it is off by all of it, and stays so. On one link of several it is smeared time beside time that is not, which must never be mixed.",
  source: "RFC 8633, section 3.7.1; Google public NTP (24 hours, linear)",
  example: "{ over: 24h }",
  pulse: false,
  parameters: z.strictObject({
    over: duration.meta({ description: "how long it takes", strengths: ["24h", "10s"] }),
    by: signedDuration
      .prefault("-1s")
      .meta({ description: "how much is smeared: -1s is a second that is inserted, 1s one that is deleted" }),
  }),
  start: () => ({}),
  after(reply, _request, _state, { over, by }, { now, since }) {
    const part = over === 0 ? 1 : Math.min(1, Math.max(0, (now - since) / over));
    return { ...reply, packet: wrongBy(reply.packet, by * part) };
  },
});
