/** `sinbin doctor`: 0 if all works here, 2 if something is missing. */
import { examine } from "../worlds/local/doctor.ts";
import { examineDocker } from "../worlds/docker/doctor.ts";
import { exitCodes } from "./exit.ts";

export async function doctor(): Promise<number> {
  const found = await examine();
  const width = Math.max(...found.map(({ capability }) => capability.length));
  const all = found.every(({ works }) => works);
  console.log(`world local: ${all ? "works, with all that it can do" : "works in part"}`);
  for (const { capability, works, reason, install } of found) {
    const details = [works ? "works" : "missing", reason, install].filter((part) => part !== undefined);
    console.log(`  ${capability.padEnd(width)}  ${details.join("; ")}`);
  }
  const docker = await examineDocker();
  const fine = docker.every(({ works }) => works);
  console.log(`world docker: ${fine ? "works" : "does not work here; all else does without"}`);
  for (const { what, works, details } of docker)
    console.log(`  ${what.padEnd(width)}  ${works ? "works" : "missing"}; ${details}`);
  console.log("world sim: works, as everywhere; it runs programs, not commands");
  return all && fine ? exitCodes.pass : exitCodes.unknown;
}
