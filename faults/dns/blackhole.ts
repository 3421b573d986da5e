import { z } from "zod";
import { dnsFault } from "./contract.ts";

export const blackhole = dnsFault({
  plane: "dns",
  kind: "dns.blackhole",
  soughtAs: ["timeout", "down", "drop", "unanswered"],
  about:
    "Nothing answers: the query is lost, and its client waits for as long as it has patience, times its tries, times the names that it makes of one (search list). Over TCP the connection is there, and stays mute.",
  source:
    "RFC 1035, section 7.2; RFC 1536, section 1; CoDNS (OSDI 2004): PlanetLab's resolvers waited 5 s; CoDeeN (USENIX 2004): every query of a node failed until resolv.conf was edited",
  example: "{}",
  pulse: false,
  parameters: z.strictObject({}),
  start: () => ({}),
  before: () => ({ type: "drop" }),
});
