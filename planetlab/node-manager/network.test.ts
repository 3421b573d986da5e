/** The Node Manager as a process whose connection to PLC can be cut. */
import { describe, expect, test } from "vitest";
import {
  last,
  legacy,
  prepare,
  sliverNames,
  start,
  startCutter,
  startNode,
  startPlc,
  three,
} from "../programs.testing.ts";

prepare();

describe("the network", () => {
  test("a refused connection is reported, and the next fetch comes", async () => {
    await using plc = await startPlc("--slices", "3");
    await using relay = await startCutter(plc.address);
    await using node = await startNode(relay.address, []);
    await node.see("document.applied");
    await relay.cut("refuse");
    await node.see("fetch.end", { outcome: "refused" });
    await relay.cut("never");
    await node.see("document.applied", {}, node.lines.length);
    expect(sliverNames(node)).toEqual(three);
  });

  test("without contain-fetch-errors a refused connection is the end", async () => {
    await using plc = await startPlc("--slices", "3");
    await using relay = await startCutter(plc.address);
    await relay.cut("refuse");
    await using node = await start("node-manager/main.ts", ["--poll", "50ms", "--without", "contain-fetch-errors"], {
      "plc.test:443": relay.address,
    });
    expect(await node.exited).toMatchObject({ code: 1 });
    expect(node.errors()).toContain("ECONNREFUSED");
  });

  const cuts = [
    { how: "fin", framing: "content-length", format: "versioned", outcome: "truncated" },
    { how: "fin", framing: "chunked", format: "legacy", outcome: "truncated" },
    { how: "fin", framing: "close", format: "versioned", outcome: "ok" },
    { how: "fin", framing: "close", format: "legacy", outcome: "ok" },
    { how: "rst", framing: "content-length", format: "legacy", outcome: "reset" },
    { how: "rst", framing: "chunked", format: "versioned", outcome: "reset" },
    { how: "rst", framing: "close", format: "legacy", outcome: "reset" },
  ] as const;
  const paths = { versioned: [], legacy } as const;

  test.for(cuts)(
    "$how in the middle of a $format document with $framing framing changes nothing; without whole-document it destroys slivers",
    async ({ how, framing, outcome, format }) => {
      await using plc = await startPlc("--slices", "12", "--framing", framing);
      await using relay = await startCutter(plc.address);
      await using node = await startNode(relay.address, paths[format]);
      await using naive = await startNode(relay.address, [...paths[format], "--without", "whole-document"]);
      for (const each of [node, naive]) await each.see("document.applied");
      const seen = node.lines.length;
      await relay.cut(how, 5000);
      await node.see("document.refused", {}, seen);
      expect(last(node, "fetch.end")).toMatchObject({ outcome });
      await naive.see("sliver.destroyed");
      await relay.cut("never");
      await node.see("document.applied", {}, node.lines.length);
      expect(node.lines.slice(seen).filter((line) => line.event === "slivers")).toEqual([]);
    },
  );

  test("without contain-fetch-errors a reset in the middle is the end", async () => {
    await using plc = await startPlc("--slices", "12");
    await using relay = await startCutter(plc.address);
    await relay.cut("rst", 5000);
    await using node = await start("node-manager/main.ts", ["--without", "contain-fetch-errors"], {
      "plc.test:443": relay.address,
    });
    expect(await node.exited).toMatchObject({ code: 1 });
    expect(node.errors()).toContain("not whole: the transfer was reset");
  });

  test("silence ends a fetch by the idle deadline, and without it by the total one", async () => {
    await using plc = await startPlc("--slices", "3");
    await using relay = await startCutter(plc.address);
    await relay.cut("hold", 3000);
    await using node = await startNode(relay.address, ["--fetch-idle", "200ms", "--fetch-total", "10m"]);
    await using naive = await startNode(relay.address, [
      "--fetch-idle",
      "200ms",
      "--fetch-total",
      "1s",
      "--without",
      "fetch-idle-deadline",
    ]);
    expect((await node.see("fetch.end"))["outcome"]).toBe("timeout");
    const { outcome, seconds } = await naive.see("fetch.end");
    expect(outcome).toBe("timeout");
    expect(seconds).toBeGreaterThanOrEqual(1);
  });
});
