import { z } from "zod";
import { matching, path } from "../path.ts";
import { diskFault } from "./contract.ts";

/** `delete` is a word of the language. */
export const deletion = diskFault({
  plane: "disk",
  kind: "disk.delete",
  about:
    "A file is gone, as after a cleanup that went too far or a check of the file system. Who has it open keeps it.",
  source: "fsck(8); Muir 2004, 3.5",
  example: "{ path: state.json }",
  pulse: true,
  leaves: "anything",
  parameters: z.strictObject({
    path: path.meta({ description: "the files that it happens to", examples: ["*"] }),
  }),
  async inject(target, parameters, { hit }) {
    for (const file of matching(parameters.path, await target.files()))
      if (await target.delete(file)) hit({ path: file });
  },
});
