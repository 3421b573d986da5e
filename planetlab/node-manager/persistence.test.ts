/** What the Node Manager keeps over its own death. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  gone,
  nextFolder,
  isThere,
  last,
  moveAway,
  prepare,
  seeHalfWritten,
  sliverNames,
  sliverPids,
  start,
  startCutter,
  startNode,
  startPlc,
  three,
} from "../programs.testing.ts";

prepare();

/** A state is saved while slivers are still being made: these are there before anybody is killed. In this directory. */
async function makeEight(plc: string): Promise<string> {
  const node = await startNode(plc, []);
  await expect.poll(() => sliverNames(node)).toHaveLength(8);
  return moveAway(node);
}

describe("the state file", () => {
  const big = ["--slices", "8", "--key-bytes", "500000"];

  test("kill -9 in the middle of saves leaves an old state or a new one, and the slivers", async () => {
    await using plc = await startPlc(...big);
    const directory = await makeEight(plc.address);
    for (let kill = 0; kill < 5; kill += 1) {
      const node = await startNode(plc.address, [], directory);
      await node.see("state.save.begin");
      node.signal("SIGKILL");
      await node.exited;
      expect(last(node, "state.corrupt")).toBeUndefined();
    }
    await using node = await startNode(plc.address, [], directory);
    expect(last(node, "state.corrupt")).toBeUndefined();
    expect(sliverNames(node)).toHaveLength(8);
  });

  test("without atomic-save kill -9 soon leaves a torn one; it is set aside, reported, and costs no sliver", async () => {
    await using plc = await startPlc(...big);
    const directory = await makeEight(plc.address);
    for (let kill = 0; kill < 30; kill += 1) {
      const node = await startNode(plc.address, ["--without", "atomic-save"], directory);
      const corrupt = last(node, "state.corrupt");
      if (corrupt === undefined) await seeHalfWritten(node, join(directory, "state.json"));
      node.signal("SIGKILL");
      await node.exited;
      if (corrupt === undefined) continue;
      expect(sliverNames(node)).toHaveLength(8);
      expect(await isThere(join(directory, "state.json.corrupt"))).toBe(true);
      return;
    }
    expect.unreachable("thirty kills left no torn file");
  });

  test.for(["", "garbage"])(
    "a state file that holds %j is no reason to stop; without the guard it is",
    async (text) => {
      await using plc = await startPlc("--slices", "1");
      const directory = nextFolder();
      await mkdir(directory);
      await writeFile(join(directory, "state.json"), text);
      await using naive = await start(
        "node-manager/main.ts",
        ["--without", "tolerate-corrupt-state"],
        { "plc.test:443": plc.address },
        directory,
      );
      expect(await naive.exited).toMatchObject({ code: 1 });
      await using node = await startNode(plc.address, [], directory);
      await node.see("state.corrupt");
      await node.see("document.applied");
    },
  );

  test("slivers run again while PLC is away; without start-cached-slivers they wait for it", async () => {
    await using plc = await startPlc("--slices", "3");
    await using way = await startCutter(plc.address);
    const first = await startNode(way.address, []);
    await first.see("state.save.end");
    await first[Symbol.asyncDispose]();
    // Also where it was reached last.
    await way.cut("refuse");
    await using node = await startNode(way.address, [], first.directory);
    for (const name of three) await node.see("sliver.started", { name });
    node.signal("SIGTERM");
    await node.exited;
    await using naive = await startNode(way.address, ["--without", "start-cached-slivers"], first.directory);
    await naive.see("fetch.end", { outcome: "refused" }, naive.lines.length);
    expect(last(naive, "sliver.started")).toBeUndefined();
  });

  test.for([
    { though: "", stops: false },
    { though: ", though it was stopped", stops: true },
  ])(
    "an old process of a sliver ends by itself when its Node Manager was killed and another has taken over$though",
    async ({ stops }) => {
      await using plc = await startPlc("--slices", "1");
      const first = await startNode(plc.address, []);
      await first.see("sliver.started");
      const old = sliverPids(first);
      expect(old).not.toEqual([]);
      // Its pid is written down once it has one.
      await first.see("document.applied");
      if (stops) for (const pid of old) process.kill(pid, "SIGSTOP");
      first.signal("SIGKILL");
      await first.exited;
      await using second = await startNode(plc.address, [], first.directory);
      await second.see("sliver.started");
      await gone(old);
    },
  );
});
