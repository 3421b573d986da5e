/** What a run keeps of its services' disks: their files, copied into the run folder as the local world has them there from the beginning. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import type { Targets } from "../../../faults/targets.ts";

/** Of a service; what comes after that is left out, and listed. */
const mostBytes = 64 * 1024 * 1024;

export async function keepFiles(disk: Targets["disk"], directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  let bytes = 0;
  const leftOut: string[] = [];
  for (const path of await disk.files()) {
    const target = resolve(directory, path.replace(/^\//, ""));
    if (!target.startsWith(`${directory}${sep}`)) continue;
    const content = bytes > mostBytes ? undefined : await disk.read(path);
    bytes += content?.length ?? 0;
    if (content === undefined || bytes > mostBytes) {
      leftOut.push(path);
      continue;
    }
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
  if (leftOut.length > 0) await writeFile(`${directory}.left-out`, `${leftOut.join("\n")}\n`);
}
