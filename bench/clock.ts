/** What a look at a virtual clock costs beside one at the machine's, both in one process: `node bench/clock.ts`. Exit code 1 above six times as much. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildClockLibrary } from "../host/clock/library.ts";
import { withVirtualClock } from "../host/clock/preload.ts";
import { createVirtualClock } from "../host/clock/virtual.ts";
import { createScaledClock } from "../host/real/clock.ts";

const run = promisify(execFile);
const most = 6;

const folder = await mkdtemp(join(tmpdir(), "sinbin-bench-"));
try {
  const program = join(folder, "looks");
  await run("cc", ["-O2", "-o", program, fileURLToPath(new URL("clock/looks.c", import.meta.url)), "-ldl"]);
  const page = join(folder, "page");
  const time = createScaledClock({ scale: 60 });
  await using clock = createVirtualClock({ path: page, time: time.trueTime, wait: (...when) => time.timer(...when) });
  clock.step({ wall: 40_000 });
  const library = await buildClockLibrary();
  const [file = "", ...args] = withVirtualClock([program], { library, page, parent: process.pid });
  const { stdout } = await run(file, args);
  const [monotonic = [], wall = []] = stdout
    .trim()
    .split("\n")
    .map((line) => line.split(" ").map(Number));
  for (const [name, [bare = NaN, virtual = NaN]] of [
    ["monotonic", monotonic],
    ["wall", wall],
  ] as const) {
    const times = virtual / bare;
    process.stdout.write(
      `${name.padEnd(9)}  machine's ${bare.toFixed(1)} ns  virtual ${virtual.toFixed(1)} ns  ${times.toFixed(1)} times\n`,
    );
    if (!(times <= most)) process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true });
}
