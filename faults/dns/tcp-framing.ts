import { z } from "zod";
import { count, duration } from "../units.ts";
import { dnsFault } from "./contract.ts";

const hows = ["half", "length-only", "too-long", "too-short", "drip", "twice", "fin-behind"] as const;

export const tcpFraming = dnsFault({
  plane: "dns",
  kind: "dns.tcp-framing",
  about:
    "Over TCP a reply is not what the two bytes of length in front of it say, or comes in a way that nobody must rely on: TCP has no messages, and a read may bring half of one or two at once. Over UDP nothing happens.",
  source: "RFC 1035, section 4.2.2; RFC 7766, section 8; netty and hickory-dns",
  example: "{ how: half }",
  pulse: false,
  parameters: z.strictObject({
    how: z.enum(hows, `write one of ${hows.join(", ")}`).meta({
      description:
        "half: FIN in the middle of the message; length-only: FIN behind the length; too-long: the length says more than comes, and nothing more comes; too-short: it says less, and what is left over is read as the next message; drip: byte by byte; twice: the message twice, in one segment; fin-behind: FIN at once behind the message",
      examples: [...hows],
    }),
    by: count(1, 60_000).prefault(10).meta({ description: "for too-long and too-short: how many bytes" }),
    gap: duration.prefault("20ms").meta({ description: "for drip: between two bytes", strengths: ["1ms", "2s"] }),
  }),
  start: () => ({}),
  after(reply, _query, _state, { how, by, gap }, { transport, sizeOf }) {
    if (transport === "udp") return undefined;
    const size = sizeOf(reply);
    switch (how) {
      case "twice":
        return [reply, reply];
      case "half":
        return { ...reply, framing: { bytes: 2 + Math.floor(size / 2), ending: "close" } };
      case "length-only":
        return { ...reply, framing: { bytes: 2, ending: "close" } };
      case "too-long":
        return { ...reply, framing: { length: Math.min(65_535, size + by), ending: "mute" } };
      case "too-short":
        return { ...reply, framing: { length: Math.max(0, size - by) } };
      case "drip":
        return { ...reply, framing: { pieces: { bytes: 1, everyMs: gap } } };
      case "fin-behind":
        return { ...reply, framing: { ending: "close" } };
    }
  },
});
