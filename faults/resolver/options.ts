import { z } from "zod";
import { count, duration } from "../units.ts";
import { resolverFault } from "./contract.ts";

export const options = resolverFault({
  plane: "resolver",
  kind: "resolver.options",
  about:
    "The service's resolv.conf has other options: more or less patience, another order of servers, domains in which names are looked for first, as when the machine has changed its network. What is not said here stays as it is.",
  source: "resolv.conf(5); RFC 1535; RFC 1536; kubernetes 33554 (ndots)",
  example: "{ search: site.test, ndots: 5 }",
  pulse: false,
  parameters: z.strictObject({
    timeout: duration
      .optional()
      .meta({ description: "for the answer of a server, in whole seconds", examples: ["1s"] }),
    attempts: count(1, 5)
      .optional()
      .meta({ description: "how often all servers are asked", examples: [1] }),
    ndots: count(0, 15)
      .optional()
      .meta({ description: "a name with so many dots is first asked for as it is", examples: [5] }),
    rotate: z
      .boolean("write true or false")
      .optional()
      .meta({ title: "true or false", description: "each question begins with another server", examples: [true] }),
    search: z
      .string("write domains, such as site.test")
      .regex(/^[a-z0-9._-]+(?: [a-z0-9._-]+)*$/, "write domains, such as site.test")
      .optional()
      .meta({
        title: "domains",
        description: "the domains in which names are looked for, with spaces between them",
        examples: ["site.test"],
      }),
  }),
  async inject(target, { timeout, attempts, ndots, rotate, search }, { hit }) {
    const added = [
      ...(timeout === undefined ? [] : [`timeout:${Math.round(timeout / 1000)}`]),
      ...(attempts === undefined ? [] : [`attempts:${attempts}`]),
      ...(ndots === undefined ? [] : [`ndots:${ndots}`]),
      ...(rotate === true ? ["rotate"] : []),
    ];
    return target.change((content) => {
      // Of what is said twice the last counts, but for `rotate`, which can't be taken back.
      const kept = rotate === false ? content.replaceAll(/ rotate\b/g, "") : content;
      const lines = [
        ...(search === undefined ? [] : [`search ${search}`]),
        ...(added.length === 0 ? [] : [`options ${added.join(" ")}`]),
      ];
      const changed = `${kept.trimEnd()}\n${lines.map((line) => `${line}\n`).join("")}`;
      if (changed !== content) hit({ lines });
      return changed;
    });
  },
});
