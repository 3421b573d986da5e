import { z } from "zod";
import { dnsFault } from "./contract.ts";

export const refuse = dnsFault({
  plane: "dns",
  kind: "dns.refuse",
  about:
    "Nobody waits at the port. Over UDP the kernel says so by ICMP, which a client hears that has connected its socket (glibc's and c-ares' do), and all others take for silence; over TCP a connect is refused. The port is shut for everybody.",
  source: "RFC 1122, section 4.1.3.3; RFC 7766, section 5",
  example: "{}",
  pulse: false,
  parameters: z.strictObject({
    proto: z
      .enum(["both", "udp", "tcp"], "write both, udp or tcp")
      .prefault("both")
      .meta({ description: "which of the two is shut", examples: ["both", "udp", "tcp"] }),
  }),
  everybody: true,
  doors: ({ proto }) => ({
    ...(proto !== "tcp" && { udp: "shut" as const }),
    ...(proto !== "udp" && { tcp: "shut" as const }),
  }),
  start: () => ({}),
});
