import { z } from "zod";
import { count } from "../units.ts";
import { limitsFault } from "./contract.ts";

export const openFiles = limitsFault({
  plane: "limits",
  kind: "limits.open-files",
  about:
    "The service's main process may have only so many descriptors open: files, sockets, pipes (EMFILE). What is open stays open. A hit is an opening that was refused.",
  source: "getrlimit(2), RLIMIT_NOFILE; Muir 2004, 3.6",
  example: "{ to: 40 }",
  pulse: false,
  toldByPrograms: true,
  needs: "limits",
  parameters: z.strictObject({
    to: count(0, 1_000_000).meta({
      description: "how many, those that the runtime itself has open included",
      strengths: [200, 10],
    }),
  }),
  inject: (target, { to }, { hit }) => target.limit("open-files", to, () => hit({ limit: "open-files", to })),
});
