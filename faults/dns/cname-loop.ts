import { z } from "zod";
import { count } from "../units.ts";
import { dnsFault } from "./contract.ts";
import { answerTo, questionOf, resource } from "./message.ts";
import { under } from "./name.ts";

export const cnameLoop = dnsFault({
  plane: "dns",
  kind: "dns.cname-loop",
  soughtAs: ["cname-chain"],
  about:
    "An alias of an alias of an alias: a loop that leads back to the name itself, or a chain so long that nobody follows it to the address at its end.",
  source:
    "RFC 1034, sections 3.6.2 and 5.2.2; pdns#9153, #4307, #14310, #9184; CVE-2022-48256 (Technitium#1818); coredns#8475; hickory-dns#3882",
  example: "{ length: 2 }",
  pulse: false,
  parameters: z.strictObject({
    length: count(1, 1000)
      .prefault(2)
      .meta({ description: "how many aliases; 1, of a loop: the name is an alias of itself", strengths: [1, 100] }),
    end: z
      .enum(["loop", "chain"], "write loop or chain")
      .prefault("loop")
      .meta({
        description: "loop: the last one is an alias of the first; chain: the last one has what the server says",
        examples: ["loop", "chain"],
      }),
  }),
  start: () => ({}),
  after(reply, query, _state, { length, end }) {
    const asked = questionOf(query);
    if (asked === undefined) return undefined;
    const names = Array.from({ length: length + 1 }, (_, n) =>
      n === 0 ? asked.name : under(`alias-${n}`, asked.name),
    );
    const aliases = names.slice(0, -1).map((name, n) => {
      const last = n === length - 1;
      return resource(name, "CNAME", 1, { target: (last && end === "loop" ? asked.name : names[n + 1]) ?? asked.name });
    });
    const last = names.at(-1) ?? asked.name;
    const { message } = reply;
    const own = end === "chain" ? message.answers.filter(({ type }) => type === asked.type) : [];
    const answers = [...aliases, ...own.map((each) => ({ ...each, name: last }))];
    // What there is not at a chain's end is not there: its rcode and SOA are those of the end (RFC 6604, section 3).
    const { rcode, authorities } = end === "chain" && own.length === 0 ? message : { rcode: 0, authorities: [] };
    return { ...reply, message: answerTo(query, { aa: message.aa, edns: message.edns, rcode, answers, authorities }) };
  },
});
