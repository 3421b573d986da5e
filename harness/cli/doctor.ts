/** `sinbin doctor`: 0 if all works here, 2 if something is missing. */
import { examine } from "../worlds/local/doctor.ts";
import { exitCodes } from "./exit.ts";

export async function doctor(): Promise<number> {
  const found = await examine();
  const width = Math.max(...found.map(({ capability }) => capability.length));
  for (const { capability, works, reason, install } of found) {
    console.log(
      `${works ? "works   " : "missing "} ${capability.padEnd(width)}${reason === undefined ? "" : `  ${reason}`}`,
    );
    if (!works && install !== undefined) console.log(`${" ".repeat(width + 11)}${install}`);
  }
  return found.every(({ works }) => works) ? exitCodes.pass : exitCodes.unknown;
}
