/** Files that are no plans. */
import { describe, expect, test } from "vitest";
import { parsePlan } from "./parse.ts";
import { onePhase, parseText, problemsIn } from "./plan.testing.ts";

const failing = (code: string) => () => Promise.reject(Object.assign(new Error("broken"), { code }));

const readLatin = async () => new Uint8Array([0xff, 0xfe, 0x70]);

describe("a file that is no plan", () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${"bcdefghi"
    .split("")
    .map(
      (name, index) =>
        `${name}: &${name} [${Array.from({ length: 10 }, () => `*${"abcdefgh"[index] ?? ""}`).join(", ")}]`,
    )
    .join("\n")}\n`;

  test.each([
    ["an empty file", "", "plan.yaml:1:1: the file is empty: write at least plan, services and phases"],
    ["only a comment", "# nothing\n", "plan.yaml:1:1: the file is empty: write at least plan, services and phases"],
    ["a list", "- plan: x\n", "plan.yaml:1:1: write a map: plan, services, links, phases and so on"],
    ["a word", "plan\n", "plan.yaml:1:1: write a map: plan, services, links, phases and so on"],
    ["10 MB", `plan: ${"x".repeat(10_000_000)}\n`, "plan.yaml:1:1: the file has 9.5 MiB: a plan has 1 MiB at most"],
    ["bytes that are no text", "plan: \0\n", "plan.yaml:1:1: this is not a text file"],
    ["an alias bomb", bomb, "this is too much for a plan: its aliases multiply, or it is nested too deeply"],
    ["deep nesting", `plan: ${"[".repeat(3000)}${"]".repeat(3000)}\n`, "this is too much for a plan"],
    ["an alias that contains itself", "plan: &a [*a]\n", "this is too much for a plan"],
    ["an unknown alias", "plan: *nobody\n", "plan.yaml:1:7 plan: there is no anchor called &nobody before this"],
    [
      "a tab",
      "plan: p\nphases:\n\t- { name: a }\n",
      "plan.yaml:3:1: write spaces: YAML does not allow tabs as indentation",
    ],
    ["two documents", "plan: p\n---\nplan: q\n", "write one plan a file: a second document begins here"],
    ["an open bracket", "plan: [\n", "this is not YAML"],
    ["a tag", "plan: !!js/function x\n", "leave out the tag"],
    ["a key twice", `plan: p\nplan: q\n${onePhase}`, "plan.yaml:2:1 plan: plan is written twice: keep one of them"],
    ["a map as a key", `plan: p\n? { a: 1 }\n: 2\n${onePhase}`, "write a plain word as the key"],
    [
      "not a number",
      `plan: p\nseed: .nan\n${onePhase}`,
      "plan.yaml:2:7 seed: write a finite number or a text in quotes, not .nan",
    ],
    ["a key of every object", `plan: p\n__proto__: { plan: q }\n${onePhase}`, "choose another key"],
  ])("%s is refused", async (_what, text, problem) => {
    expect((await problemsIn(text)).join("\n")).toContain(problem);
  });

  test("a missing file, a folder and a file that can't be read say so", async () => {
    await expect(parsePlan("plan.yaml", failing("ENOENT"))).rejects.toThrow("plan.yaml:1:1: there is no such file");
    await expect(parsePlan("plan.yaml", failing("EISDIR"))).rejects.toThrow(
      "plan.yaml:1:1: this is a folder: name a file",
    );
    await expect(parsePlan("plan.yaml", failing("EACCES"))).rejects.toThrow(
      "plan.yaml:1:1: the file can't be read: broken",
    );
  });

  test("bytes that are not UTF-8 say so", async () => {
    await expect(parsePlan("plan.yaml", readLatin)).rejects.toThrow("plan.yaml:1:1: this is not a text file in UTF-8");
  });
});

describe("what YAML 1.1 would have read as something else", () => {
  test("on, off, yes and no are words, and 012 is twelve", async () => {
    const plan = await parseText(
      `plan: p\n${onePhase}params:\n  a: { default: on }\n  b: { default: off }\n  c: { default: 012 }\n  d: { default: 1:30:00 }\n`,
    );
    expect(Object.values(plan.constants).map(({ value }) => value)).toEqual(["on", "off", 12, "1:30:00"]);
  });
});
