import { z } from "zod";
import { diskFault } from "./contract.ts";

export const full = diskFault({
  plane: "disk",
  kind: "disk.full",
  about:
    "No space is left (ENOSPC): what needs room fails, and what is there can be read, replaced and removed. A hit is an operation that was refused.",
  source: "write(2), ENOSPC; Muir 2004, 3.6",
  example: "{}",
  pulse: false,
  programsOnly:
    "give it a small file system of its own (of an image: limits: { disk: 64MiB }, and may_miss), or take disk.truncate and disk.delete, which act on any service",
  imagesWith: "limits.disk",
  parameters: z.strictObject({}),
  inject: (target, _parameters, { hit }) => target.refuse("ENOSPC", () => hit({ code: "ENOSPC" })),
});
