import { z } from "zod";
import { size } from "../units.ts";
import { resolverFault } from "./contract.ts";

export const truncate = resolverFault({
  plane: "resolver",
  kind: "resolver.truncate",
  about:
    "The service's resolv.conf is shorter than it was: empty unless told otherwise, as when who rewrites it has been interrupted. Without a name server in it, a resolver asks its own machine, where nobody answers.",
  source: "resolv.conf(5); golang/go 21083",
  example: "{ to: 0B }",
  pulse: false,
  parameters: z.strictObject({
    to: size.prefault("0B").meta({ description: "what is left of it", strengths: ["20B", "0B"] }),
  }),
  async inject(target, { to }, { hit }) {
    return target.change((content) => {
      if (content.length > to) hit({ from: content.length, to });
      return content.slice(0, to);
    });
  },
});
