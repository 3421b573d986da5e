import { z } from "zod";
import { ntpFault, type NtpReply } from "./contract.ts";

export const crossed = ntpFault({
  plane: "ntp",
  kind: "ntp.crossed",
  about:
    "Each reply is under way until the client has asked again, and then comes in the place of the next one: whoever does not compare the Origin Timestamp takes it for the answer to the new question.",
  source: "RFC 5905, section 8; slow links, on which a poll overtakes the reply to the one before",
  example: "{}",
  pulse: false,
  parameters: z.strictObject({}),
  start: (): { late: NtpReply | undefined } => ({ late: undefined }),
  after(reply, _request, state) {
    const { late } = state;
    state.late = reply;
    return late ?? [];
  },
});
