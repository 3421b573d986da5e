import { expect, test } from "vitest";
import { mentionsIn, rename } from "./names.ts";

test.each([
  ["node.alive", ["node"]],
  ["node.ping.node > plc.node", ["node", "plc"]],
  ["a && node . alive || b", ["a", "node", "b"]],
  ["node.text == \"plc.alive\" && r'plc.x' == x", ["node", "x"]],
  ["size(node.slivers) == 3 // plc.alive", ["node"]],
  ["node.names.exists(n, n == 5m)", ["node", "n", "n"]],
  ['fault("node").hits > 64KiB', []],
  ["node(", []],
  ["", []],
])("%s mentions %j", (text, names) => {
  expect(mentionsIn(text).map(({ name }) => name)).toEqual(names);
});

test("names are changed where they stand for something, and every offset finds its way back", () => {
  const text = 'node.alive && "node" != x.node && node.ping.age < 5s';
  const renamed = rename(text, new Map([["node", "node_12"]]));
  expect(renamed.text).toBe('node_12.alive && "node" != x.node && node_12.ping.age < 5s');
  for (const word of [".alive", '"node"', "x.node", ".ping", "5s"])
    expect(renamed.originalOffset(renamed.text.indexOf(word))).toBe(text.indexOf(word));
  expect(renamed.originalOffset(0)).toBe(0);
});
