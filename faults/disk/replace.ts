import { z } from "zod";
import { matching, path } from "../path.ts";
import { diskFault } from "./contract.ts";

const longest = 65_536;

export const replacement = diskFault({
  plane: "disk",
  kind: "disk.replace",
  about:
    "A file is another one from now on: a configuration is rolled out, a release is installed, somebody edits. The service is not told; many read such files only when they start.",
  source: "Muir 2004, 3.4 (software and configuration arrive in either order)",
  example: "{ path: release, text: --format-major 2 }",
  pulse: true,
  leaves: "anything",
  parameters: z.strictObject({
    path: path.meta({ description: "the files that it happens to", examples: ["*"] }),
    text: z
      .string()
      .max(longest, `write ${longest} characters at most`)
      .prefault("")
      .meta({ description: "what they hold then" }),
  }),
  async inject(target, parameters, { hit }) {
    const bytes = new TextEncoder().encode(parameters.text);
    for (const file of matching(parameters.path, await target.files())) {
      await target.put(file, bytes);
      hit({ path: file, bytes: bytes.length });
    }
  },
});
