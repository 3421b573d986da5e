import { z } from "zod";
import { count } from "../units.ts";
import { resolverFault } from "./contract.ts";

const places = ["first", "last", "instead"] as const;
/** In the network of the first server, from its end on: nobody is there. */
const highest = 253;

export const servers = resolverFault({
  plane: "resolver",
  kind: "resolver.servers",
  about:
    "The service's resolv.conf names servers that are not there any more, as after a renumbering, or of a network that was left: before the others, behind them, or instead of them. Only the first three count, so that three before the others hide these altogether. Nobody answers where they point to, and each costs a timeout.",
  source: "resolv.conf(5), MAXNS; RFC 4192; Muir 2004, 3.1; pdns 6263, openntpd 12",
  example: "{ gone: 3, place: first }",
  pulse: false,
  parameters: z.strictObject({
    gone: count(1, 10)
      .prefault(1)
      .meta({ description: "how many of them", strengths: [1, 3] }),
    place: z.enum(places, "write first, last or instead").default("first").meta({ description: "where they stand" }),
  }),
  async inject(target, { gone, place }, { hit }) {
    return target.change((content) => {
      const lines = content.split("\n");
      const own = lines.filter((line) => line.startsWith("nameserver "));
      const network = /^nameserver (\d+\.\d+\.\d+)\./.exec(own[0] ?? "")?.[1];
      if (network === undefined) return content;
      hit({ gone, place });
      const strangers = Array.from({ length: gone }, (_, n) => `nameserver ${network}.${highest - n}`);
      const rest = lines.filter((line) => !own.includes(line));
      const all = { first: [...strangers, ...own], last: [...own, ...strangers], instead: strangers }[place];
      return [...all, ...rest].join("\n");
    });
  },
});
