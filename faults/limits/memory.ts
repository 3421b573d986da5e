import { z } from "zod";
import { size } from "../units.ts";
import { limitsFault } from "./contract.ts";

/** No engine takes less. */
const least = 6 * 1024 * 1024;

export const memory = limitsFault({
  plane: "limits",
  kind: "limits.memory",
  about:
    "The service may have only so much memory, its processes together: the kernel kills one that needs more, mostly the largest (SIGKILL). What is in use already is taken away by such a kill, too, on Linux with control groups v2; those of v1 let it be, and nothing more is given. A service that starts meanwhile starts with the limit. A hit is a kill.",
  source: "cgroups(7), memory.max; Muir 2004, 3.6",
  example: "{ to: 64MiB }",
  pulse: false,
  leaves: "down",
  needs: "memory",
  parameters: z.strictObject({
    to: size
      .refine((bytes) => bytes >= least, "write 6MiB or more: no engine takes less")
      .meta({ description: "how much, that of the runtime itself included", strengths: ["256MiB", "16MiB"] }),
  }),
  async inject(target, { to }, { hit }) {
    if (target.memory === undefined) throw new Error("this world limits no memory");
    return target.memory(to, () => hit({ limit: "memory", to }));
  },
});
