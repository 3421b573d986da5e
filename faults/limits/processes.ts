import { z } from "zod";
import { count } from "../units.ts";
import { limitsFault } from "./contract.ts";

export const processes = limitsFault({
  plane: "limits",
  kind: "limits.processes",
  about:
    "The service may have only so many processes: starting one more fails (EAGAIN). Those that are there stay. A hit is a start that was refused.",
  source: "getrlimit(2), RLIMIT_NPROC; Muir 2004, 3.6",
  example: "{ to: 3 }",
  pulse: false,
  programsOnly: "let it be started by a shell that limits itself: command: [sh, -c, 'ulimit -u 20; exec daemon']",
  parameters: z.strictObject({
    to: count(1, 1_000_000).meta({ description: "how many, its own included", strengths: [50, 1] }),
  }),
  inject: (target, { to }, { hit }) => target.limit("processes", to, () => hit({ limit: "processes", to })),
});
