/** What a verifier makes of what PLC wants and what a node has. */
import { expect, test } from "vitest";
import { digestOfKey } from "../key-digest.ts";
import { compare, lead } from "./compare.ts";

const wanted = {
  epoch: 2,
  serial: 7,
  slivers: [
    { name: "a_a", keys: [{ key: "one" }, { key: "two" }] },
    { name: "b_b", keys: [{ key: "one" }] },
    { name: "c_c", instantiation: "not-instantiated", keys: [] },
  ],
};
const here = (name: string, ...keys: readonly string[]) => ({ name, keys: keys.map(digestOfKey) });
const state = { place: { epoch: 2, serial: 7 }, document_age_ms: null };

test("what is as it should be is no divergence, in whatever order it is told", () => {
  expect(compare(wanted, { ...state, slivers: [here("b_b", "one"), here("a_a", "two", "one")] })).toEqual([]);
});

test("each divergence is told by its kind and its sliver", () => {
  expect(
    compare(wanted, { ...state, slivers: [here("a_a", "two", "three"), here("c_c"), here("copy of b_b")] }),
  ).toEqual([
    { kind: "orphan-sliver", name: "c_c" },
    { kind: "orphan-sliver", name: "copy of b_b" },
    { kind: "missing-sliver", name: "b_b" },
    { kind: "missing-key", name: "a_a" },
    { kind: "surplus-key", name: "a_a" },
  ]);
});

test.each([
  [null, -1],
  [{ epoch: 2, serial: 5 }, -2],
  [{ epoch: 2, serial: 7 }, 0],
  [{ epoch: 3, serial: 1 }, 1],
])("a node that has read %j is ahead by %d", (own, by) => {
  expect(lead({ place: own, document_age_ms: null, slivers: [] }, wanted, 1000)).toBe(by);
});

test.each([
  [{ place: null, document_age_ms: 1000 }, 0],
  [{ place: null, document_age_ms: 1001 }, -1],
  [{ place: { epoch: 2, serial: 6 }, document_age_ms: 1 }, -1],
])("of a document without a place its age decides, and of others the place: %j, ahead by %d", (own, by) => {
  expect(lead({ ...own, slivers: [] }, wanted, 1000)).toBe(by);
});
