import { z } from "zod";
import { size } from "../units.ts";
import { dnsFault } from "./contract.ts";

export const lostFragments = dnsFault({
  plane: "dns",
  kind: "dns.lost-fragments",
  about:
    "What is larger than one packet never comes, since a firewall drops its fragments: small answers work, large ones are timeouts, until the client asks with a smaller buffer or over TCP.",
  source: "RFC 9715; DNS flag day 2020; RFC 6891, section 6.2.5",
  example: "{ above: 1232B }",
  pulse: false,
  parameters: z.strictObject({
    above: size.prefault("1232B").meta({ description: "the largest that comes", strengths: ["4KiB", "100B"] }),
  }),
  start: () => ({}),
  after: (reply, _query, _state, { above }, { transport, sizeOf }) =>
    transport === "udp" && sizeOf(reply) > above ? [] : undefined,
});
