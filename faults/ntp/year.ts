import { z } from "zod";
import { count, duration } from "../units.ts";
import { ntpFault } from "./contract.ts";
import { wrongBy } from "./packet.ts";

export const year = ntpFault({
  plane: "ntp",
  kind: "ntp.year",
  about:
    "The server lives in another year, and time goes on from there: 1970, as of a machine that has lost its clock, 2038, where 32 bits of seconds end (past: 1566847s is that very second), or 2000. Packets do not say which era they mean: clients take a time before 1968 for one of the era that begins in 2036.",
  source:
    "USNO tick and tock, November 2012 (the year 2000); gpsd, October 2021 (2002); knezzz#26; RFC 5905, section 6",
  example: "{ to: 1970 }",
  pulse: false,
  parameters: z.strictObject({
    to: count(1900, 2150).meta({ description: "which year it is when it is injected", strengths: [2025, 1970] }),
    past: duration.prefault("0s").meta({ description: "how much of it is over by then" }),
  }),
  start: () => ({}),
  after: (reply, _request, _state, { to, past }, { since }) => ({
    ...reply,
    packet: wrongBy(reply.packet, beginningOf(to) + past - since),
  }),
});

/** Of a year, as Unix time in milliseconds. */
function beginningOf(of: number): number {
  return ((of - 1970) * 365 + leapDaysUntil(of) - leapDaysUntil(1970)) * 86_400_000;
}

function leapDaysUntil(of: number): number {
  const last = of - 1;
  return Math.floor(last / 4) - Math.floor(last / 100) + Math.floor(last / 400);
}
