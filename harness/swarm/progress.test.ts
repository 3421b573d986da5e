import { expect, test } from "vitest";
import { renderNodes } from "./progress.ts";
import type { NodeState } from "./spread.ts";

const node = (name: string, more: Partial<NodeState>): NodeState => ({
  id: name,
  name,
  ready: true,
  cpus: 4,
  places: 2,
  running: 0,
  finished: 0,
  lost: 0,
  unfit: undefined,
  ...more,
});

test("it is said of each node what it does, and how many wait", () => {
  const nodes = [
    node("farm-1", { running: 2, finished: 5 }),
    node("farm-2", {}),
    node("farm-3", { ready: false, finished: 1, lost: 2 }),
    node("farm-4", { unfit: "it has no image" }),
  ];
  expect(renderNodes(nodes, 3)).toBe(
    "farm-1: 2 running, 5 done · farm-2: 0 done · farm-3: not ready, 1 done, 2 lost · farm-4: can't run it · 3 wait",
  );
  expect(renderNodes(nodes, 3, 20)).toBe("farm-1: 2 running, …");
});
