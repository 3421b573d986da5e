import { z } from "zod";
import { matching, path } from "../path.ts";
import { count } from "../units.ts";
import { diskFault } from "./contract.ts";

export const corrupt = diskFault({
  plane: "disk",
  kind: "disk.corrupt",
  about:
    "Bits of a file have flipped where it lies, as on a disk or in a memory that is worn out: its length is right, its time is right, and a checksum is all that tells.",
  source: "Bairavasundaram et al., FAST 2008 (corruption in the storage stack); Muir 2004, 3.5",
  example: "{ path: state.json, bytes: 3 }",
  pulse: true,
  leaves: "anything",
  parameters: z.strictObject({
    path: path.meta({ description: "the files that it happens to", examples: ["*"] }),
    bytes: count(1, 1_000_000)
      .prefault(1)
      .meta({ description: "in how many places of each file, at most", strengths: [1, 1000] }),
  }),
  async inject(target, parameters, { draw, hit }) {
    for (const file of matching(parameters.path, await target.files())) {
      const content = Uint8Array.from((await target.read(file)) ?? []);
      if (content.length === 0) continue;
      // Two flips of one bit would be none.
      const flips = new Map<number, number>();
      for (let n = 0; n < parameters.bytes; n += 1) {
        const offset = Math.floor(draw(`offset in ${file}`, n) * content.length);
        const bit = 1 << Math.floor(draw(`bit in ${file}`, n) * 8);
        flips.set(offset, (flips.get(offset) ?? 0) | bit);
      }
      for (const [offset, bits] of flips) content[offset] = (content[offset] ?? 0) ^ bits;
      await target.put(file, content);
      hit({ path: file, bytes: flips.size });
    }
  },
});
