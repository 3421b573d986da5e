import { z } from "zod";
import { ntpFault } from "./contract.ts";
import { unknownTime } from "./timestamp.ts";

const fields = ["transmit", "receive", "reference"] as const;

export const zeroTimestamp = ntpFault({
  plane: "ntp",
  kind: "ntp.zero-timestamp",
  about:
    "A timestamp of the reply is 0, which says that it is not known. A client that takes it for a time is in the year 1900, or 2036.",
  source:
    "RFC 5905, sections 6 and 8; RFC 4330, section 5; arduino-libraries/NTPClient#193; gmag11/NtpClient#70; WThermostatBeca#216 (the year 2036)",
  example: "{ field: transmit }",
  pulse: false,
  parameters: z.strictObject({
    field: z
      .enum(fields, "write transmit, receive or reference")
      .prefault("transmit")
      .meta({ description: "which one; for the origin, see ntp.origin", examples: [...fields] }),
  }),
  start: () => ({}),
  after: (reply, _request, _state, { field }) => ({ ...reply, packet: { ...reply.packet, [field]: unknownTime } }),
});
