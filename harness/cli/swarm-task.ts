/**
 * What runs in a task of a swarm: `node swarm-task.ts run PLAN …`. It is sinbin's own command line, in a process of its own; what that leaves is handed
 * over on standard output (harness/swarm/frame.ts).
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFrame } from "../swarm/frame.ts";
import { packParcel } from "../swarm/parcel.ts";
import { describeOwn } from "../worlds/docker/images.ts";

/** Of the files; what comes after that is left out, and listed. */
const mostBytes = 64 * 1024 * 1024;
const mostSaid = 16 * 1024;

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const out = await mkdtemp(join(tmpdir(), "sinbin-task-"));
const began = performance.now();
const child = spawn(process.execPath, [main, ...process.argv.slice(2), "--out", out], {
  stdio: ["ignore", "pipe", "pipe"],
});
let said = "";
for (const stream of [child.stdout, child.stderr])
  stream.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-mostSaid);
    // For whoever looks at the task itself.
    process.stderr.write(text);
  });
const [exitCode, signal] = (await once(child, "close")) as [number | null, string | null];
const seconds = (performance.now() - began) / 1000;
const { digest } = await describeOwn();
process.stdout.write(writeFrame(packParcel({ digest, exitCode, signal, seconds, said, ...(await gather(out)) })));

/** What is nearest to the top first: that is what a run is judged by. */
async function gather(folder: string): Promise<{ files: Record<string, string>; leftOut: string[] }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted((one, other) => one.split("/").length - other.split("/").length || (one < other ? -1 : 1));
  const files: Record<string, string> = {};
  const leftOut: string[] = [];
  let bytes = 0;
  for (const path of paths) {
    const { size } = await stat(join(folder, path));
    if (bytes + size > mostBytes) {
      leftOut.push(path);
      continue;
    }
    bytes += size;
    files[path] = (await readFile(join(folder, path))).toString("base64");
  }
  return { files, leftOut };
}
