import { expect, test } from "vitest";
import { ArgumentError, HelpRequest, readFlags } from "./arguments.ts";

test.for([
  ["250ms", 250],
  ["1.5s", 1500],
  ["2m", 120_000],
  ["1h", 3_600_000],
  ["24d", 2_073_600_000],
] as const)("%s is %d milliseconds", ([text, milliseconds]) => {
  expect(readFlags(["--poll", text], ["poll"]).duration("poll", "1s")).toBe(milliseconds);
});

test.for(["10", "0s", "-1s", "1 s", "25d", "s", "1us", "1e3s"])("%s is no duration", (text) => {
  expect(() => readFlags([`--poll=${text}`], ["poll"]).duration("poll", "1s")).toThrow(ArgumentError);
});

test("the last of repeated flags counts, and a list keeps all", () => {
  const flags = readFlags(["--without", "a", "--without=b"], ["without"]);
  expect(flags.text("without", "")).toBe("b");
  expect(flags.list("without")).toEqual(["a", "b"]);
});

test.for([[["--unknown", "1"]], [["stray"]], [["--poll"]]])("%j is refused", ([args]) => {
  expect(() => readFlags(args ?? [], ["poll"])).toThrow(ArgumentError);
});

test("whoever asks for help gets the names, whatever else is wrong", () => {
  expect(() => readFlags(["--pol", "10", "--help"], ["poll", "log"])).toThrow(new HelpRequest(["poll", "log"]));
  expect(new HelpRequest(["poll", "log"]).options).toEqual(["--poll", "--log"]);
});
