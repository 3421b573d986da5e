/** `--jobs`: several runs at a time, each in a process of its own, with the same results as one after the other. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { byNight } from "../../host/night.testing.ts";
import { fixture, sinbin } from "./command.testing.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sinbin-jobs-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  /** Histories by run folder. */
  readonly histories: Readonly<Record<string, string>>;
  /** Of each run folder: milliseconds since 1970. */
  readonly times: Readonly<Record<string, { readonly from: number; readonly to: number }>>;
}

function run(...args: readonly string[]): Ran {
  const out = mkdtempSync(join(folder, "out-"));
  const { code, out: said } = sinbin("run", ...args, "--out", out);
  const [command = ""] = readdirSync(out);
  const histories = readdirSync(join(out, command), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("history.jsonl"))
    .sort()
    .map((path) => [path, readFileSync(join(out, command, path), "utf8")]);
  return {
    code,
    out: said,
    histories: Object.fromEntries(histories) as Ran["histories"],
    times: Object.fromEntries(readdirSync(join(out, command)).map((name) => [name, timesOf(join(out, command, name))])),
  };
}

function timesOf(directory: string): { readonly from: number; readonly to: number } {
  const read = (name: string): string => readFileSync(join(directory, name), "utf8");
  const from = Date.parse((JSON.parse(read("run.json")) as { readonly began: string }).began);
  const last = JSON.parse(read("history.jsonl").trimEnd().split("\n").at(-1) ?? "") as { readonly at: number };
  return { from, to: from + last.at };
}

/** The report without what differs from run to run. */
function lines({ out }: Ran): readonly string[] {
  return out
    .split("\n")
    .filter((line) => !line.startsWith("run folders:"))
    .map((line) => line.replaceAll(/\d+(\.\d+)?s$|; .*s$/g, "").trim());
}

const simulated = ["suites/1-networks/refused-then-back.yaml", "suites/1-networks/connect-without-an-answer.yaml"];

test("in virtual time, with controls: the same report in the same order, and the same histories byte for byte", () => {
  const [one, three] = ["1", "3"].map((jobs) => run(...simulated, "--world", "sim", "--controls", "--jobs", jobs)) as [
    Ran,
    Ran,
  ];
  expect(lines(three)).toEqual(lines(one));
  expect(three.code).toBe(0);
  expect(Object.keys(three.histories)).toHaveLength(5);
  expect(three.histories).toEqual(one.histories);
});

/** By day there is the test after this one. */
const onLoopback: readonly [string, string[]][] = byNight ? [["on loopback", ["--no-isolation"]]] : [];

test.each<[string, string[]]>([["in namespaces of their own", []], ...onLoopback])(
  "on this machine, %s: what fails, fails, and the others are run",
  (_where, flags) => {
    const plans = ["quick", "failing", "no-start"].map(fixture);
    const { code, out, histories } = run(...plans, "--jobs", "3", ...flags);
    expect({ code, out }).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^FAIL: 1 passed, 1 failed, 1 unknown/m),
    });
    expect(Object.keys(histories)).toEqual(["failing", "no-start", "quick"].map((name) => `${name}/history.jsonl`));
  },
);

test("a plan that measures the machine is run when no other is", () => {
  const plans = ["quick", "missed", "alone"].map(fixture);
  const { times } = run(...plans, "--jobs", "3", "--no-isolation");
  const overlap = (one: string, other: string): boolean => {
    const [a, b] = [times[one], times[other]];
    if (a === undefined || b === undefined) throw new Error(`of ${one} and ${other} one was not run`);
    return a.from < b.to && b.from < a.to;
  };
  expect([overlap("alone", "quick"), overlap("alone", "missed")]).toEqual([false, false]);
});

test.each([
  [["--jobs", "0"], "write a whole number from 1 to 256"],
  [["--jobs", "2", "--on", "swarm"], "--per-node"],
])("%j is refused, with what to write", (flags, message) => {
  const { code, err } = sinbin("run", fixture("quick"), ...flags);
  expect(err).toContain(message);
  expect(code).toBe(254);
});
