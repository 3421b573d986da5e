import { expect, test } from "vitest";
import { matching, path } from "./path.ts";

test.each([
  ["state.json", ["state.json"]],
  ["state", []],
  ["*", ["state.json", "state.json.old", ".hidden"]],
  ["state.*", ["state.json", "state.json.old"]],
  ["*/*.pem", ["keys/a.pem"]],
  ["keys/*", ["keys/a.pem", "keys/readme"]],
  ["**", ["state.json", "state.json.old", ".hidden"]],
])("%s means %j", (pattern, expected) => {
  const files = [
    "state.json",
    "state.json.old",
    ".hidden",
    "keys/a.pem",
    "keys/readme",
    "keys/old/b.pem",
    "stateXjson/c",
  ];
  expect(matching(pattern, files)).toEqual(expected);
});

test("an absolute path means files by theirs", () => {
  const files = ["/data/dump.rdb", "/data/old/dump.rdb", "/other/dump.rdb", "data/dump.rdb"];
  expect(matching("/data/*.rdb", files)).toEqual(["/data/dump.rdb"]);
});

test.each([
  "",
  "/",
  "//a",
  "/a/",
  "/../a",
  "/a/../b",
  "../other",
  "a/../b",
  "a//b",
  "a/",
  ".",
  "a/.",
  "$name",
  "= name",
])("%j is no path", (text) => {
  expect(path.safeParse(text).success).toBe(false);
});

test.each(["/data/dump.rdb", "...", "..a", ".a/..b", "a b", "a$"])("%j is a path", (text) => {
  expect(path.safeParse(text).success).toBe(true);
});
