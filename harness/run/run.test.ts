/** The timeline walked for real: small plans on the loopback flavour of the local world, judged by the history that they leave. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRealHost } from "../../host/real.ts";
import { Interrupted } from "../errors.ts";
import type { HistoryEvent } from "../history/event.ts";
import { bindPlan, parsePlan } from "../plan/parse.ts";
import { createLocalSetting } from "../worlds/local/setting.ts";
import { runPlan } from "./run.ts";
import type { RunResult } from "./run.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sinbin-run-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const echo = `  two: { program: ${fileURLToPath(new URL("../worlds/fixtures/echo.ts", import.meta.url))} }\n`;

/** A service that answers each USR1 with a structured line, and ends only when it is made to. */
const base = `
plan: test
services:
  one:
    command: [sh, answer.sh]
    files:
      state.json: '{"slivers":[{"name":"a"},{"name":"b"}]}'
      answer.sh: |
        answer() { echo '{"event":"usr1"}'; }
        thrice() { printf '{"event":"usr2"}\\n{"event":"usr2"}\\n{"event":"usr2"}\\n'; }
        trap answer USR1
        trap thrice USR2
        echo '{"event":"up"}'
        while :; do sleep 0.02; done
    ready: { log: up }
observe:
  usr1: { service: one, event: usr1, as: event }
  usr2: { service: one, event: usr2, as: event }
`;

interface Outcome {
  readonly result: RunResult;
  readonly history: readonly HistoryEvent[];
}

async function run(phases: string, { signal = new AbortController().signal, services = "" } = {}): Promise<Outcome> {
  const file = join(folder, "plan.yaml");
  writeFileSync(file, base.replace("services:\n", `services:\n${services}`) + phases);
  const plan = bindPlan(await parsePlan(file, (path) => readFile(path)), { seed: 1, cell: {}, params: {} });
  const host = createRealHost({ name: "test", directory: folder, seed: 1 });
  const directory = join(folder, "run");
  const result = await runPlan({
    plan,
    cell: {},
    seed: 1,
    without: new Map(),
    setting: createLocalSetting({ host, isolated: false }),
    host,
    directory,
    about: {},
    signal,
  });
  const lines = readFileSync(join(directory, "history.jsonl"), "utf8").trim().split("\n");
  return { result, history: lines.map((line) => JSON.parse(line) as HistoryEvent) };
}

const timesOf = (history: readonly HistoryEvent[], event: HistoryEvent["event"], step?: string): readonly number[] =>
  history
    .filter((each) => each.event === event && (step === undefined || ("step" in each && each.step === step)))
    .map(({ at }) => at);

describe("steps", () => {
  test("happen every so often, as often as they are told to", async () => {
    const { history, result } = await run(`
phases:
  - name: signals
    for: 1s
    faults:
      - { process.signal: { signal: USR1 }, at: 100ms, every: 200ms, times: 3 }
`);
    const times = timesOf(history, "fault.inject");
    expect(times).toHaveLength(3);
    const [phase = 0] = timesOf(history, "phase.begin");
    expect(times.map((at, n) => at - phase >= 100 + n * 200)).toEqual([true, true, true]);
    expect(result.verdict).toBe("pass");
  });

  test("`when` happens each time that its event does, and `after` once, later than what it waits for", async () => {
    const { history } = await run(`
phases:
  - name: signals
    until: usr1.count >= 4
    timeout: 20s
    faults:
      - { name: first, process.signal: { signal: USR1 }, at: 50ms }
      - { name: echo, process.signal: { signal: USR1 }, when: usr1, times: 2 }
      - { name: late, process.signal: { signal: USR1 }, after: first + 300ms }
`);
    expect(timesOf(history, "fault.inject", "echo")).toHaveLength(2);
    const [phase = 0] = timesOf(history, "phase.begin");
    const late = timesOf(history, "fault.inject", "late");
    expect(late.map((at) => at - phase >= 350)).toEqual([true]);
  });

  test("`while` lasts as long as its condition, and comes again with it", async () => {
    const { history } = await run(`
phases:
  - name: pauses
    until: fault("pause").ended.count >= 2
    timeout: 20s
    faults:
      - { name: a, process.signal: { signal: USR1 }, at: 100ms }
      - { name: b, process.signal: { signal: USR1 }, at: 500ms }
      - { name: pause, process.pause: {}, while: usr1.count > 0 && usr1.age < 200ms }
`);
    const injected = timesOf(history, "fault.inject", "pause");
    const lifted = timesOf(history, "fault.lift", "pause");
    expect(injected.length).toBeGreaterThanOrEqual(2);
    expect(lifted.slice(0, 2).map((at, n) => at > (injected[n] ?? Infinity))).toEqual([true, true]);
  });

  test("are all lifted before their phase ends, whatever they are doing", async () => {
    const { history } = await run(`
phases:
  - name: storm
    for: 300ms
    faults:
      - process.signal: { signal: USR1, count: 1000, gap: 10ms }
      - { process.pause: {}, at: 100ms }
  - { name: rest, for: 50ms }
`);
    const ends = timesOf(history, "phase.end");
    const lifts = timesOf(history, "fault.lift");
    expect(lifts).toHaveLength(2);
    expect(Math.max(...lifts)).toBeLessThanOrEqual(ends[0] ?? 0);
  });

  test("that come again are lifted before they are injected again", async () => {
    const { history } = await run(`
phases:
  - name: pauses
    for: 1s
    faults:
      - { process.pause: { to: main }, every: 100ms }
`);
    const order = history.flatMap(({ event }) => (event === "fault.inject" || event === "fault.lift" ? [event] : []));
    expect(order.length).toBeGreaterThanOrEqual(10);
    expect(order).toEqual(order.map((_event, n) => (n % 2 === 0 ? "fault.inject" : "fault.lift")));
  });

  test("`when` happens once for each of several events that come together", async () => {
    const { history } = await run(`
phases:
  - name: signals
    until: fault("echo").started.count >= 3
    timeout: 20s
    faults:
      - { process.signal: { signal: USR2 }, at: 50ms }
      - { name: echo, process.signal: { signal: CONT }, when: usr2 }
`);
    expect(timesOf(history, "fault.inject", "echo")).toHaveLength(3);
  });

  test("that end early by `until` are lifted then", async () => {
    const { history } = await run(`
phases:
  - name: pauses
    for: 1s
    faults:
      - { name: mark, process.signal: { signal: USR1 }, at: 200ms }
      - { name: pause, process.pause: { to: main }, at: 0ms, until: fault("mark").hits > 0 }
`);
    const [marked = 0] = timesOf(history, "fault.inject", "mark");
    const [lifted = Infinity] = timesOf(history, "fault.lift", "pause");
    const [end = 0] = timesOf(history, "phase.end");
    expect(lifted).toBeGreaterThanOrEqual(marked);
    expect(end - lifted).toBeGreaterThanOrEqual(500);
  });
});

describe("observations", () => {
  test("of files, ports and HTTP are looked at from outside, what can't be seen is a failed look, and what nobody reads is not looked at", async () => {
    const { result, history } = await run(
      `
  page: { service: one, file: state.json, json: "slivers[1].name", every: 50ms, as: string }
  nothing: { service: one, file: state.json, json: slivers.none, every: 50ms, as: string }
  letter: { service: one, file: state.json, match: 'name":"(\\w)', every: 50ms, as: string }
  letters: { service: one, file: state.json, match: 'name":"(\\w)', every: 50ms, as: list }
  digit: { service: one, file: state.json, match: '\\d', every: 50ms, as: int }
  door: { service: two, tcp: { port: 443 }, every: 50ms, as: bool }
  shut: { service: two, tcp: { port: 444 }, every: 50ms, as: bool }
  words: { service: two, http: { port: 443 }, every: 50ms, as: int }
  unread: { service: two, tcp: { port: 443 }, every: 50ms, as: bool }
phases:
  - { name: look, until: "door && letters[1] == page", timeout: 20s }
  - { name: rest, for: 300ms }
expect:
  - always: page == "b" && door && letter == "a" && size(letters) == 2 || shut || nothing == "b" || words == 200 || digit == 1
`,
      { services: echo },
    );
    expect(result.findings.filter(({ verdict }) => verdict !== "pass")).toEqual([]);
    const looks = (name: string): readonly boolean[] =>
      history.flatMap((event) => (event.event === "probe" && event.name === name ? [event.ok] : []));
    for (const name of ["nothing", "shut", "words", "digit"]) expect(new Set(looks(name))).toEqual(new Set([false]));
    for (const name of ["page", "door", "letter", "letters"]) expect(new Set(looks(name))).toEqual(new Set([true]));
    expect(looks("unread")).toEqual([]);
  });
});

describe("a run", () => {
  test("that its plan aborts is unknown, with the reason", async () => {
    const { result, history } = await run(`
phases:
  - name: long
    for: 10m
    faults:
      - { process.signal: { signal: USR1 }, at: 50ms }
abort:
  - { when: usr1.count > 0, reason: enough seen }
`);
    expect(result.verdict).toBe("unknown");
    expect(result.findings.map(({ reason }) => reason).join()).toContain("enough seen");
    expect(history.at(-1)?.event).toBe("run.end");
  });

  test("whose service dies in the middle is judged, and its end is in the history", async () => {
    const { result } = await run(`
phases:
  - name: kill
    for: 300ms
    faults:
      - process.kill: {}
expect:
  - never: one.exited
`);
    expect(result.verdict).toBe("fail");
  });

  test("that never becomes steady is unknown at the end of its warm-up, and goes no further", async () => {
    const { result, history } = await run(`
steady: [{ always: usr1.count > 0 }]
phases:
  - { name: warm-up, until: steady, timeout: 300ms }
  - { name: never, for: 10m }
`);
    expect(result.verdict).toBe("unknown");
    expect(timesOf(history, "phase.begin")).toHaveLength(1);
  });

  test("goes on after its last phase until every deadline is decided", async () => {
    const { result } = await run(`
phases:
  - name: short
    for: 100ms
    faults:
      - process.signal: { signal: USR1, count: 20, gap: 50ms }
expect:
  - eventually: usr1.count > 0 && usr1.age > 300ms
    within: 30s
`);
    expect(result.verdict).toBe("pass");
  });

  test("that is interrupted has no verdict, and leaves no folder", async () => {
    const interrupt = new AbortController();
    const reason = new Interrupted("enough");
    const running = run("\nphases: [{ name: long, for: 10m }]\n", { signal: interrupt.signal });
    interrupt.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(() => readFileSync(join(folder, "run", "plan.json"))).toThrow("ENOENT");
  });
});
