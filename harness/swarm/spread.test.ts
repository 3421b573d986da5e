import { describe, expect, test } from "vitest";
import { createSpread } from "./spread.ts";
import type { NodeView, Placement, Spread } from "./spread.ts";

const node = (id: string, more: Partial<NodeView> = {}): NodeView => ({
  id,
  name: `node-${id}`,
  ready: true,
  cpus: 2,
  places: 1,
  ...more,
});

function spreadOver(nodes: readonly NodeView[], jobs: readonly string[]): Spread<string> {
  const spread = createSpread<string>({ tries: 3 });
  spread.see(nodes);
  for (const job of jobs) spread.add(job);
  return spread;
}

function placeAll(spread: Spread<string>): readonly Placement<string>[] {
  const all: Placement<string>[] = [];
  for (let next = spread.place(); next !== undefined; next = spread.place()) all.push(next);
  return all;
}

/** The next one. */
function place(spread: Spread<string>): Placement<string> {
  const placed = spread.place();
  if (placed === undefined) throw new Error("nothing was placed");
  return placed;
}

const words = (placements: readonly Placement<string>[]): readonly string[] =>
  placements.map(({ job, node: { id } }) => `${job} on ${id}`);

describe("jobs that are spread over nodes", () => {
  test("go where most room is, and never more than a node has places", () => {
    const spread = spreadOver([node("a"), node("b", { places: 3 })], ["1", "2", "3", "4", "5", "6"]);
    expect(words(placeAll(spread))).toEqual(["1 on b", "2 on b", "3 on a", "4 on b"]);
    expect(spread.waiting).toBe(2);
  });

  test("follow each other as places get free", () => {
    const spread = spreadOver([node("a")], ["1", "2"]);
    spread.finish(place(spread));
    expect(words(placeAll(spread))).toEqual(["2 on a"]);
    expect(spread.nodes()).toMatchObject([{ running: 1, finished: 1, lost: 0 }]);
  });

  test("are started again before all others, on another node, when theirs is gone", () => {
    const spread = spreadOver([node("a"), node("b")], ["1", "2", "3"]);
    const [first, second] = [place(spread), place(spread)];
    expect(spread.see([node("a", { ready: false }), node("b")])).toEqual([first]);
    expect(spread.lose(first, "the node is gone")).toBeUndefined();
    expect(words(placeAll(spread))).toEqual([]);
    spread.finish(second);
    expect(words(placeAll(spread))).toEqual(["1 on b"]);
  });

  test("count a node that is not listed any more as gone", () => {
    const spread = spreadOver([node("a"), node("b")], ["1"]);
    const first = place(spread);
    expect(spread.see([node("b")])).toEqual([first]);
  });

  test("avoid a node that lost them, and come back to it only if there is no other", () => {
    const spread = spreadOver([node("a"), node("b")], ["1"]);
    const first = place(spread);
    spread.lose(first, "cut off");
    const second = place(spread);
    spread.lose(second, "cut off");
    expect(words([first, second])).toEqual(["1 on a", "1 on b"]);
    expect(words(placeAll(spread))).toEqual(["1 on a"]);
  });

  test("are given up after three tries, with the reason of each", () => {
    const spread = spreadOver([node("a"), node("b")], ["1"]);
    expect(spread.lose(place(spread), "cut off")).toBeUndefined();
    expect(spread.lose(place(spread), "killed")).toBeUndefined();
    expect(spread.lose(place(spread), "cut off again")).toEqual([
      "node-a: cut off",
      "node-b: killed",
      "node-a: cut off again",
    ]);
    expect(spread.waiting).toBe(0);
    expect(spread.stranded()).toBeUndefined();
  });

  test("lose no try on a node that can't do them, and never go there again", () => {
    const spread = spreadOver([node("a"), node("b")], ["1", "2", "3"]);
    const [first, second] = [place(spread), place(spread)];
    spread.exclude(first, "it has no image");
    spread.finish(second);
    expect(words(placeAll(spread))).toEqual(["1 on b"]);
    expect(spread.nodes()).toMatchObject([{ unfit: "it has no image", lost: 0 }, { unfit: undefined }]);
  });

  test("are stranded when no node is left, and it is said of each why", () => {
    const spread = spreadOver([node("a"), node("b", { ready: false })], ["1"]);
    const first = place(spread);
    expect(spread.stranded()).toBeUndefined();
    spread.exclude(first, "it has no image");
    expect(spread.stranded()).toEqual(["node-a: it has no image", "node-b: it is not ready"]);
  });

  test("go on where they are when a node takes no more of them", () => {
    const spread = spreadOver([node("a")], ["1", "2"]);
    const first = place(spread);
    expect(spread.see([node("a", { places: 0 })])).toEqual([]);
    spread.finish(first);
    expect(words(placeAll(spread))).toEqual([]);
    expect(spread.stranded()).toEqual(["node-a: it takes no jobs"]);
  });

  test("that were lost and are told of again count once", () => {
    const spread = spreadOver([node("a")], ["1"]);
    const first = place(spread);
    spread.lose(first, "cut off");
    spread.finish(first);
    expect(spread.nodes()).toMatchObject([{ running: 0, finished: 0, lost: 1 }]);
    expect(words(placeAll(spread))).toEqual(["1 on a"]);
  });

  test("go on where a node has come back", () => {
    const spread = spreadOver([node("a", { ready: false })], []);
    spread.add("1");
    expect(words(placeAll(spread))).toEqual([]);
    spread.see([node("a")]);
    expect(words(placeAll(spread))).toEqual(["1 on a"]);
  });
});
