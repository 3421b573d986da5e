import { posix } from "node:path";
import { z } from "zod";
import { matching, path } from "../path.ts";
import { diskFault } from "./contract.ts";

const help = "write the name that it gets, with a * for the one that it had, such as *.1 or old-*";
/** One `*`, and something beside it. What begins with `$` or `= ` means something else in a plan. */
const newName = /^(?![$=])(?:[^*/\0]+\*[^*/\0]*|\*[^*/\0]+)$/;

export const rename = diskFault({
  plane: "disk",
  kind: "disk.rename",
  about:
    "A file has another name in the same directory, as after logrotate has moved a log away. Who has it open goes on writing to it under its new name, and whoever opens the old name finds nothing there. What had the new name is replaced.",
  source: "rename(2); logrotate(8); Muir 2004, 3.5",
  example: '{ path: node.log, to: "*.1" }',
  pulse: true,
  leaves: "anything",
  parameters: z.strictObject({
    path: path.meta({ description: "the files that it happens to", examples: ["*"] }),
    to: z
      .string({ error: help })
      .regex(newName, help)
      .prefault("*.1")
      .meta({ description: "the name that each gets; the * in it stands for the name that it had" }),
  }),
  async inject(target, parameters, { hit }) {
    // The last ones first, as logrotate does: log.1 has become log.1.1 before log becomes log.1.
    for (const file of matching(parameters.path, await target.files()).toReversed()) {
      const { dir, base } = posix.parse(file);
      const to = posix.join(
        dir,
        parameters.to.replace("*", () => base),
      );
      if (await target.rename(file, to)) hit({ path: file, to });
    }
  },
});
