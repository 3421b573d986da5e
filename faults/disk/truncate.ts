import { z } from "zod";
import { matching, path } from "../path.ts";
import { size } from "../units.ts";
import { diskFault } from "./contract.ts";

export const truncate = diskFault({
  plane: "disk",
  kind: "disk.truncate",
  about:
    "A file is shorter than it was: empty unless told otherwise, as after a crash between a rename and the data that it should have brought. One that is shorter already is left alone.",
  source: "Pillai et al., OSDI 2014; Muir 2004, 3.5",
  example: "{ path: state.json, to: 16B }",
  pulse: true,
  leaves: "anything",
  parameters: z.strictObject({
    path: path.meta({ description: "the files that it happens to", examples: ["*"] }),
    to: size.prefault("0B").meta({ description: "what is left of each", strengths: ["4KiB", "0B"] }),
  }),
  async inject(target, parameters, { hit }) {
    for (const file of matching(parameters.path, await target.files())) {
      const content = await target.read(file);
      if (content === undefined || content.length <= parameters.to) continue;
      await target.put(file, content.subarray(0, parameters.to));
      hit({ path: file, from: content.length, to: parameters.to });
    }
  },
});
