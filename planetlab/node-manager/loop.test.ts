/** What the Node Manager makes of documents, as a process. */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  gone,
  homeFolder,
  legacy,
  moveAway,
  prepare,
  sliverNames,
  sliverPids,
  startNode,
  startPlc,
  three,
} from "../programs.testing.ts";

prepare();

describe("the loop", () => {
  test.for([["versioned", []] as const, ["legacy", legacy] as const])(
    "a %s document becomes slivers, with their keys, and the state is saved",
    async ([, path]) => {
      await using plc = await startPlc("--slices", "3");
      await using node = await startNode(plc.address, path);
      await node.see("state.save.end");
      expect(sliverNames(node)).toEqual(three);
      const state = JSON.parse(await readFile(join(node.directory, "state.json"), "utf8"));
      expect(state.slivers.names).toEqual(three);
      const keys = await readFile(join(node.directory, "slivers", three[0] ?? "", "authorized_keys"), "utf8");
      expect(keys).toMatch(/^ssh-rsa .{300,} user1@site\n/);
    },
  );

  test("a slice that PLC no longer lists loses its sliver, processes first, and a new one is made beside it", async () => {
    await using before = await startPlc("--slices", "3");
    await using node = await startNode(before.address, []);
    await node.see("state.save.end");
    const data = {
      serial: 2,
      slices: [2, 3, 4].map((id) => ({
        id,
        name: `princeton_slice00${id}`,
        expiry: 2_000_000_000,
        nodes: [42],
        users: [],
      })),
    };
    await writeFile(join(homeFolder(), "next.json"), JSON.stringify(data));
    await using after = await startPlc("--data", join(homeFolder(), "next.json"));
    await using next = await startNode(after.address, [], await moveAway(node));
    await next.see("document.applied", { serial: 2 });
    expect(sliverNames(next)).toEqual(["princeton_slice002", "princeton_slice003", "princeton_slice004"]);
    expect(
      (await readdir(join(next.directory, "slivers"))).filter(
        (name) => name.startsWith("princeton_slice001.removing") || name === "princeton_slice001",
      ),
    ).toEqual([]);
  });

  test("ordinary ends leave nothing behind: TERM ends the slivers, and the exit code is 0", async () => {
    await using plc = await startPlc("--slices", "1");
    const node = await startNode(plc.address, []);
    await node.see("sliver.started");
    const group = sliverPids(node);
    expect(group).not.toEqual([]);
    node.signal("SIGTERM");
    expect(await node.exited).toEqual({ code: 0, signal: null });
    await gone(group);
  });

  test("a sliver whose processes die runs again", async () => {
    await using plc = await startPlc("--slices", "1");
    await using node = await startNode(plc.address, []);
    await node.see("sliver.started");
    const seen = node.lines.length;
    for (const pid of sliverPids(node)) process.kill(pid, "SIGKILL");
    await node.see("sliver.exit", {}, seen);
    expect(await node.see("sliver.started", {}, seen)).toMatchObject({ name: "princeton_slice001" });
  });
});
