import { z } from "zod";
import { diskFault } from "./contract.ts";

export const readOnly = diskFault({
  plane: "disk",
  kind: "disk.read-only",
  about:
    "The file system has become read-only (EROFS), as a kernel makes it when it meets an error: everything can be read and nothing changed. A hit is an operation that was refused.",
  source: "mount(8), errors=remount-ro; Muir 2004, 3.6",
  example: "{}",
  pulse: false,
  programsOnly: "take disk.corrupt or disk.delete, which act on any service",
  parameters: z.strictObject({}),
  inject: (target, _parameters, { hit }) => target.refuse("EROFS", () => hit({ code: "EROFS" })),
});
