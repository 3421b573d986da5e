import { z } from "zod";
import { leapUnknown, referenceIdOf, serverMode, type NtpPacket } from "./packet.ts";
import { ntpFault } from "./contract.ts";
import { timestampOf } from "./timestamp.ts";

/** Of RFC 5905, section 7.4, and RFC 8915, section 5.7 (NTSN). */
const codes = ["RATE", "DENY", "RSTR", "DROP", "STEP", "INIT", "AUTH", "NTSN"] as const;
const senders = ["server", "stranger"] as const;

export const kissOfDeath = ntpFault({
  plane: "ntp",
  kind: "ntp.kiss-of-death",
  soughtAs: ["kod", "kiss", "rate", "deny", "rstr"],
  about:
    "The client gets a kiss-o'-death packet: told RATE it must ask less often, told DENY or RSTR it must ask no more, and it must never take the time from it. The server is not asked. One of a stranger's comes in front of the server's reply and does not know the request (its Origin Timestamp is another): a client that obeys it can be starved by anybody.",
  source: "RFC 5905, section 7.4; RFC 8633, section 5.4; CVE-2015-7704 and CVE-2015-7705; ntpd-rs#1867; beevik/ntp#18",
  example: "{ code: RATE }",
  pulse: false,
  parameters: z.strictObject({
    code: z
      .enum(codes, `write one of ${codes.join(", ")}`)
      .meta({ description: "the kiss code", examples: ["RATE", "DENY", "RSTR"] }),
    from: z
      .enum(senders, "write server or stranger")
      .prefault("server")
      .meta({
        description: "whose it is: instead of the server's reply, or spoofed and in front of it",
        examples: [...senders],
      }),
  }),
  start: () => ({}),
  before: (request, _state, { code, from }, { now }) =>
    from === "stranger" ? undefined : { type: "answer", replies: [{ packet: kiss(code, request, now), laterMs: 0 }] },
  after(reply, request, _state, { code, from }, { now, ordinal, draw }) {
    if (from === "server") return reply;
    const guess = (BigInt(Math.floor(draw("origin", ordinal) * 2 ** 32)) << 32n) | 1n;
    return [{ ...reply, packet: { ...kiss(code, request, now), origin: guess } }, reply];
  },
});

function kiss(code: string, request: NtpPacket, now: number): NtpPacket {
  const time = timestampOf(now);
  return {
    ...request,
    leap: leapUnknown,
    mode: serverMode,
    stratum: 0,
    rootDelayMs: 0,
    rootDispersionMs: 0,
    referenceId: referenceIdOf(code),
    reference: time,
    origin: request.transmit,
    receive: time,
    transmit: time,
    rest: new Uint8Array(),
  };
}
