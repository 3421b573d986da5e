import { z } from "zod";
import { size } from "../units.ts";
import { resolverFault } from "./contract.ts";

/** Printable or not, but no letter: what is appended must not be a line that means something. */
const first = 0x80;
const kinds = 0x80;

export const garbage = resolverFault({
  plane: "resolver",
  kind: "resolver.garbage",
  about:
    "Something is behind the last line of the service's resolv.conf that is no text, right behind its last word: what a longer file has left, or a block that was never written. What is before it counts as before.",
  source: "resolv.conf(5); Pillai et al., OSDI 2014",
  example: "{ length: 64B }",
  pulse: false,
  parameters: z.strictObject({
    length: size.prefault("64B").meta({ description: "how much", strengths: ["1B", "4KiB"] }),
  }),
  async inject(target, { length }, { hit, draw }) {
    return target.change((content) => {
      const bytes = Array.from({ length }, (_, n) => String.fromCharCode(first + Math.floor(draw("byte", n) * kinds)));
      hit({ length });
      return `${content.trimEnd()}\0${bytes.join("")}`;
    });
  },
});
