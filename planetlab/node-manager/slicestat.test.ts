/** SliceStat, as its clients see it. */
import { expect, test } from "vitest";
import { prepare, startNode, startPlc } from "../programs.testing.ts";

prepare();

test("a line of 15 columns a slice; whoever asks for something else is told so", async () => {
  await using plc = await startPlc("--slices", "2");
  await using node = await startNode(plc.address, []);
  await node.see("sliver.started", { name: "princeton_slice001" });
  await node.see("sliver.started", { name: "princeton_slice002" });
  const { address } = await node.see("network.listening", { port: 3100 });
  const reply = await fetch(`http://${String(address)}/slicestat`);
  const rows = (await reply.text()).split("\n").slice(0, -1);
  expect(rows.map((row) => row.split(",").slice(0, 2))).toEqual([
    ["princeton_slice001", "101"],
    ["princeton_slice002", "102"],
  ]);
  for (const row of rows) expect(row.split(",")).toHaveLength(15);
  expect(Number(reply.headers.get("age"))).toBeGreaterThanOrEqual(0);
  expect((await fetch(`http://${String(address)}/`)).status).toBe(404);
  expect((await fetch(`http://${String(address)}/slicestat`, { method: "POST" })).status).toBe(405);
});
