/** Suite plans with a guard switched off, in the simulated world: each shrinks to what it is about. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { byNight } from "../../host/night.testing.ts";
import { bindPlan, parsePlan } from "../plan/parse.ts";
import type { Plan } from "../plan/schema.ts";
import { writeYaml } from "../plan/write-yaml.ts";
import { runTrial } from "../run/trial.ts";
import { loadPrograms } from "../worlds/sim/programs.ts";
import { firstFailure } from "./failure.ts";
import type { Failure } from "./failure.ts";
import { shrinkRun } from "./shrink.ts";
import type { Shrunk } from "./shrink.ts";
import { createTrial, simulatedRun } from "./trial.ts";

const never = new AbortController().signal;

async function failing(name: string, without: readonly string[]): Promise<Failure> {
  const file = fileURLToPath(new URL(`../../suites/${name}.yaml`, import.meta.url));
  const parsed = await parsePlan(file, (path) => readFile(path));
  const seed = Number(parsed.seed);
  const plan: Plan = bindPlan(parsed, { seed, cell: {}, params: {} });
  const off = new Map([["node", without]]);
  const programs = await loadPrograms([plan]);
  const { schedule, events, findings } = await runTrial({
    plan,
    cell: {},
    seed,
    without: off,
    programs,
    signal: never,
  });
  const finding = firstFailure(findings);
  if (finding === undefined) throw new Error(`${name} passes`);
  return { plan, schedule, events, without: off, finding };
}

function shrunk(
  failure: Failure,
  {
    attempts = 500,
    signal = never,
    onTry = () => {},
  }: { readonly attempts?: number; readonly signal?: AbortSignal; readonly onTry?: (tries: number) => void } = {},
): Promise<Shrunk | undefined> {
  const trial = createTrial({ read: (path) => readFile(path), finding: failure.finding, run: simulatedRun(signal) });
  return shrinkRun({ failure, trial, attempts, isThere: existsSync, signal, onProgress: ({ tries }) => onTry(tries) });
}

describe("in the simulated world", () => {
  test("a storm of signals shrinks to one signal, and nothing else is left of the plan", async () => {
    const failure = await failing("5-one-in-a-million/sighup-storm-during-a-fetch", ["reopen-log-on-hup"]);
    const { document, before, after } = (await shrunk(failure)) ?? {};
    expect({ before, after }).toEqual({ before: 4, after: 1 });
    expect(writeYaml({ phases: document?.["phases"] ?? [], expect: document?.["expect"] ?? [] })).toBe(`phases:
  - { name: warm-up, until: steady, timeout: 20s }
  - name: storm
    for: 1ms
    faults:
      - process.signal: { signal: HUP }
        where: node
expect:
  - never: node.exited
`);
  });

  // By day what becomes of such a step is in explicit.test.ts.
  test.runIf(byNight)("kills that waited for a condition happen at a time", async () => {
    const failure = await failing("5-one-in-a-million/kill-during-a-save", ["atomic-save"]);
    const { document, after } = (await shrunk(failure)) ?? {};
    expect(after).toBe(1);
    const text = writeYaml(document ?? {});
    // The beginning of its phase is a time as well.
    expect(text).toMatch(/- process\.kill: \{\}\n +where: node\n(?: +at: \d+m?s\n)?expect:/);
    expect(text).not.toContain("when:");
  });

  test("when the attempts are used up, the smallest so far is told, and it fails", async () => {
    const failure = await failing("1-networks/refused-then-back", ["contain-fetch-errors"]);
    const result = await shrunk(failure, { attempts: 4 });
    expect(result).toMatchObject({ tries: 4, cut: "attempts", after: 1 });
    const again = createTrial({ read: (path) => readFile(path), finding: failure.finding, run: simulatedRun(never) });
    expect(await again(writeYaml(result?.document ?? {}))).toBeDefined();
  });

  test("when it is interrupted, too", async () => {
    const interrupt = new AbortController();
    const failure = await failing("1-networks/refused-then-back", ["contain-fetch-errors"]);
    const result = await shrunk(failure, {
      signal: interrupt.signal,
      onTry: (tries) => {
        if (tries === 6) interrupt.abort(new Error("enough"));
      },
    });
    expect(result).toMatchObject({ cut: "interrupted", after: 1 });
  });

  test("what does not fail again is not made smaller", async () => {
    const failure = await failing("1-networks/refused-then-back", ["contain-fetch-errors"]);
    expect(await shrunk({ ...failure, without: new Map() })).toBeUndefined();
  });
});
