import { z } from "zod";
import { diskFault } from "./contract.ts";

export const powerLoss = diskFault({
  plane: "disk",
  kind: "disk.power-loss",
  about:
    "The power fails: every process of the service is gone at once, and of its files only what was synced is certain to be there. The rest is drawn from the seed among the states that a crash can leave: writes that are lost or torn, renames without the data of the file, files of the right length full of zeros. Whether it starts again is the service's `restart`.",
  source: "fsync(2); Pillai et al., OSDI 2014; Muir 2004, 3.5",
  example: "{}",
  pulse: true,
  leaves: "down",
  journal: true,
  programsOnly:
    "use process.kill, which keeps all that was written: its writes are not seen, so that nobody knows which of them it has synced",
  parameters: z.strictObject({}),
  async inject(target, _parameters, { chance, hit }) {
    if (await target.losePower(chance)) hit({});
  },
});
