import { z } from "zod";
import { matching, path } from "../path.ts";
import { diskFault } from "./contract.ts";

export const oldGeneration = diskFault({
  plane: "disk",
  kind: "disk.old-generation",
  about:
    "A file holds again what it held before it was last written, as after a restore from a backup or a write that never reached the disk: whole, well-formed and out of date. Of a program every generation is known; of a `command` or an image what was there when it first got ready.",
  source: "Prabhakaran et al., SOSP 2005 (lost writes); Muir 2004, 3.5",
  example: "{ path: state.json }",
  pulse: true,
  leaves: "anything",
  journal: true,
  parameters: z.strictObject({
    path: path.meta({ description: "the files that it happens to", examples: ["*"] }),
  }),
  async inject(target, parameters, { hit }) {
    for (const file of matching(parameters.path, await target.files())) {
      const old = await target.previous(file);
      const present = await target.read(file);
      if (old === undefined || present === undefined || Buffer.compare(old, present) === 0) continue;
      await target.put(file, old);
      hit({ path: file, bytes: old.length });
    }
  },
});
