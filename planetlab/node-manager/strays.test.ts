/** What leaves the process group of its sliver (setsid(2)), where no control groups hold it. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { millisecondsOf } from "../../host/real/proc.testing.ts";
import { gone, last, nextFolder, prepare, sliverPids, startNode, startPlc, type Program } from "../programs.testing.ts";

prepare();

const slice = "princeton_slice001";
/** Counts, says what that has taken, and goes on for ever. */
const spinner = `
i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done
times >times; mv times done
while :; do sleep 1000; done`;
/** What keeps the sliver, its program, the spinner, and what each of them waits for. */
const processes = 6;
/** In a session of its own, as a daemon: its parent is init. */
const work = "(setsid sh ../../spinner &); while :; do sleep 1000; done";

async function startWorking(address: string, directory = nextFolder()): Promise<Program> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "spinner"), spinner);
  await writeFile(join(directory, "work.sh"), work);
  const args = ["--program", "work.sh", "--cpu-shares", "turns", "--without", "one-snapshot-a-burst"];
  return startNode(address, args, directory);
}

/** What the spinner has taken, once it knows. */
async function seeTruthMs(node: Program): Promise<number> {
  const read = (): Promise<string> => readFile(join(node.directory, "slivers", slice, "done"), "utf8").catch(() => "");
  await expect.poll(read, { interval: 20 }).not.toBe("");
  return millisecondsOf(await read());
}

async function askProcesses(node: Program): Promise<number> {
  const { address } = await node.see("network.listening", { port: 3100 });
  const row = await (await fetch(`http://${String(address)}/slicestat`)).text();
  return Number(row.split(",")[6]);
}

async function destroy(plc: Program): Promise<void> {
  const { address } = await plc.see("network.listening", { port: 8001 });
  const inject = { id: "gone", fault: "plc.delete-slices", parameters: { slice } };
  await fetch(`http://${String(address)}/faults`, { method: "POST", body: JSON.stringify({ inject }) });
}

test("SliceStat counts it, and its CPU time within a twentieth", async () => {
  await using plc = await startPlc("--slices", "1");
  await using node = await startWorking(plc.address);
  const truthMs = await seeTruthMs(node);
  await expect.poll(() => askProcesses(node), { interval: 50 }).toBe(processes);
  const cpuMs = Number(last(node, "slicestat.snapshot")?.["cpu_ms"]);
  expect(truthMs).toBeGreaterThan(100);
  expect(cpuMs).toBeGreaterThanOrEqual(0.95 * truthMs - 10);
  // The shells and what they start have taken a little, too.
  expect(cpuMs).toBeLessThanOrEqual(1.05 * truthMs + 100);
});

test("it ends with its sliver, when PLC has deleted the slice", async () => {
  await using plc = await startPlc("--slices", "1");
  await using node = await startWorking(plc.address);
  await seeTruthMs(node);
  const pids = sliverPids(node);
  await destroy(plc);
  await node.see("sliver.removed", { name: slice });
  await gone(pids);
  expect(sliverPids(node)).toEqual([]);
});

test("it ends with its Node Manager", async () => {
  await using plc = await startPlc("--slices", "1");
  const node = await startWorking(plc.address);
  await seeTruthMs(node);
  const pids = sliverPids(node);
  expect(pids.length).toBeGreaterThan(processes / 2);
  await node[Symbol.asyncDispose]();
  await gone(pids);
});

test("when its Node Manager was killed, it ends once another has taken over", async () => {
  await using plc = await startPlc("--slices", "1");
  const killed = await startWorking(plc.address);
  await seeTruthMs(killed);
  await killed.see("document.applied");
  const pids = sliverPids(killed);
  expect(pids.length).toBeGreaterThan(processes / 2);
  killed.signal("SIGKILL");
  await killed.exited;
  await using node = await startWorking(plc.address, killed.directory);
  await node.see("sliver.started");
  await gone(pids);
});
