import { z } from "zod";
import { dnsFault } from "./contract.ts";

export const wrongSource = dnsFault({
  plane: "dns",
  kind: "dns.wrong-source",
  about:
    "The reply comes from another port, or from another address, than was asked, as from a server with several addresses that answers from the wrong one. Who compares throws it away; over TCP there is no such thing.",
  source: "RFC 2181, section 4.1; RFC 5452, section 9.1; haproxy#1688",
  example: "{ from: port }",
  pulse: false,
  parameters: z.strictObject({
    from: z
      .enum(["port", "address"], "write port or address")
      .prefault("port")
      .meta({
        description:
          "port: another one of the same address; address: another address that the proxy has toward its clients (on loopback 127.0.0.2), and the same port if that is free there",
        examples: ["port", "address"],
      }),
  }),
  otherAddress: ({ from }) => from === "address",
  start: () => ({}),
  after: (reply, _query, _state, { from }, { transport }) =>
    transport === "udp" ? { ...reply, source: from } : undefined,
});
