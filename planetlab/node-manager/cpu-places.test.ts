/** Shares of the CPU that the kernel keeps, by a Node Manager on the kernel that is here; and by turns. */
import { accessSync, constants, existsSync, readFileSync, readlinkSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { findHierarchy } from "../../host/real/cgroup.ts";
import {
  call,
  gone,
  last,
  nextFolder,
  prepare,
  sliverPids,
  startNode,
  startPlc,
  type Program,
} from "../programs.testing.ts";

prepare();

const hierarchy = findWritable();
const common = { expiry: 2_147_483_647, nodes: [42], users: [] };
const slices = [
  { ...common, id: 101, name: "princeton_codeen", rspec: { nm_cpu_share: 32 } },
  { ...common, id: 102, name: "princeton_coblitz", rspec: { nm_cpu_share: 128 } },
];
/** Something that has left its sliver's process group, and something that has not. */
const work = "setsid sh -c 'sleep 1000; :' &\nsleep 1000; :\n";
/** Of each of the two: what keeps it, its program, and the four that this starts. */
const processes = 2 * 6;

function findWritable(): ReturnType<typeof findHierarchy> | undefined {
  try {
    const found = findHierarchy();
    accessSync(found.base, constants.W_OK);
    return found;
  } catch {
    return undefined;
  }
}

async function startPlcWithTwo(): ReturnType<typeof startPlc> {
  const folder = nextFolder();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "slices.json"), JSON.stringify({ slices }));
  return startPlc("--data", join(folder, "slices.json"));
}

async function startWorking(address: string, folder: string, mode: "on" | "turns" = "on"): Promise<Program> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "work.sh"), work);
  // One document is enough for all that is asked here.
  const started = await startNode(address, ["--poll", "1h", "--cpu-shares", mode, "--program", "work.sh"], folder);
  await expect
    .poll(() => sliverPids(started).length, { timeout: 60_000, interval: 50 })
    .toBeGreaterThanOrEqual(processes);
  return started;
}

/** Of all processes in slivers: the sliver, by their directory, and the last two parts of their group. */
async function placesOf(program: Program): Promise<readonly string[]> {
  const line = hierarchy?.kind === "cgroup v2" ? /^0::(.*)$/m : /^\d+:(?:[^:]*,)?cpu(?:,[^:]*)?:(.*)$/m;
  const places = sliverPids(program).map((pid) => {
    const group = line.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1] ?? "";
    return `${basename(readlinkSync(`/proc/${pid}/cwd`))} in ${basename(dirname(group))}/${basename(group)}`;
  });
  return [...new Set(places)].sort();
}

/** The group that has those of all slivers. */
function childrenOf(program: Program): string {
  const line = readFileSync(`/proc/${program.pid}/cgroup`, "utf8").match(/\/sinbin-[0-9a-f]{12}(?=\/program$)/m);
  return join(hierarchy?.base ?? "", line?.[0] ?? "", "children");
}

test.runIf(hierarchy)("all that a sliver starts is in its group, also what leaves its process group", async () => {
  await using plc = await startPlcWithTwo();
  await using node = await startWorking(plc.address, nextFolder());
  expect(last(node, "cpu.shares")).toMatchObject({ by: hierarchy?.kind });
  expect(await placesOf(node)).toEqual([
    "princeton_coblitz in children/princeton_coblitz",
    "princeton_codeen in children/princeton_codeen",
  ]);
  expect(await call(node, "status")).toMatchObject([0, { cpu: { by: hierarchy?.kind } }]);
  const file = hierarchy?.kind === "cgroup v2" ? "cpu.weight" : "cpu.shares";
  const weightOf = (name: string): number => Number(readFileSync(join(childrenOf(node), name, file), "utf8"));
  expect(weightOf("princeton_coblitz") / weightOf("princeton_codeen")).toBeCloseTo(4, 1);
});

test.runIf(hierarchy)("a lease is a larger weight, at once", async () => {
  await using plc = await startPlcWithTwo();
  await using node = await startWorking(plc.address, nextFolder());
  const file = hierarchy?.kind === "cgroup v2" ? "cpu.weight" : "cpu.shares";
  const weight = (): number => Number(readFileSync(join(childrenOf(node), "princeton_codeen", file), "utf8"));
  const before = weight();
  await call(node, "lease", "princeton_codeen", { length: 900, rspec: { nm_cpu_share: 32 } });
  await expect.poll(() => weight() / before, { timeout: 30_000, interval: 20 }).toBeCloseTo(2, 1);
});

test.runIf(hierarchy)("nothing is left of a sliver that has ended, nor at the end of the Node Manager", async () => {
  await using plc = await startPlcWithTwo();
  await using node = await startWorking(plc.address, nextFolder());
  const pids = sliverPids(node);
  const children = childrenOf(node);
  node.signal("SIGTERM");
  await node.exited;
  await gone(pids);
  expect(existsSync(dirname(children))).toBe(false);
});

test.runIf(hierarchy)("what a killed one has left is ended by the next, which has the groups anew", async () => {
  await using plc = await startPlcWithTwo();
  const killed = await startWorking(plc.address, nextFolder());
  const pids = sliverPids(killed);
  const children = childrenOf(killed);
  killed.signal("SIGKILL");
  await killed.exited;
  expect(existsSync(children)).toBe(true);
  await using node = await startWorking(plc.address, killed.directory);
  await gone(pids);
  expect(childrenOf(node)).toBe(children);
});

test("turns are taken by whoever wants them, and then there are no groups", async () => {
  await using plc = await startPlcWithTwo();
  await using node = await startWorking(plc.address, nextFolder(), "turns");
  expect(last(node, "cpu.shares")).toMatchObject({ by: "turns" });
  expect(await call(node, "status")).toMatchObject([0, { cpu: { by: "turns" } }]);
  expect(readFileSync(`/proc/${node.pid}/cgroup`, "utf8")).not.toContain("sinbin-");
});
