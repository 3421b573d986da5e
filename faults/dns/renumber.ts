import { z } from "zod";
import { dnsFault } from "./contract.ts";
import type { Resource } from "./message.ts";
import { ipAddress, isSameAddress, typeOf } from "./parameters.ts";

export const renumber = dnsFault({
  plane: "dns",
  kind: "dns.renumber",
  about:
    "A machine has got another address, and DNS says so; whoever has looked it up only once, or never reads resolv.conf again, goes on with the old one. What is at the old address by then (nobody, a black hole, a stranger) is a matter of the link that leads there: tcp.refuse, tcp.unanswered, tcp.stranger.",
  source:
    "RFC 4192; RFC 5887; princeton_ansible#7168; dae#83; openntpd#12; rust#41570; golang#21083; pdns#6263; unbound#869",
  example: "{ from: 198.18.0.3, to: 198.18.0.4 }",
  pulse: false,
  parameters: z
    .strictObject({
      from: ipAddress("the old address"),
      to: ipAddress("the new one, of the same family", "192.0.2.10"),
    })
    .refine(({ from, to }) => typeOf(from) === typeOf(to), "write two addresses of one family, both IPv4 or both IPv6")
    .refine(({ from, to }) => !isSameAddress(from, to), "write another address to move to: from and to are the same"),
  start: () => ({}),
  after(reply, _query, _state, { from, to }) {
    const moved = (each: Resource): Resource =>
      "address" in each.data && isSameAddress(each.data.address, from) ? { ...each, data: { address: to } } : each;
    const { message } = reply;
    const [answers, additionals] = [message.answers.map(moved), message.additionals.map(moved)];
    return { ...reply, message: { ...message, answers, additionals } };
  },
});
