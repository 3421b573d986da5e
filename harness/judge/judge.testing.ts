/** Plans and histories for tests, in few words: a test shows only what matters to it. */
import { eventSchema, type HistoryEvent } from "../history/event.ts";
import type { Expectation, Observation, Phase, Plan, Service, Step, SubjectSignal } from "../plan/schema.ts";
import type { Finding } from "./finding.ts";
import { judge } from "./judge.ts";

const nodeSignals: Readonly<Record<string, SubjectSignal>> = {
  ping: { http: { port: 812, path: "/", method: "POST", expect: 200 }, every: 500, as: "event" },
  slivers: { event: "slivers", field: "names", as: "list" },
  fetches: { event: "fetch.end", where: { outcome: "ok" }, as: "event" },
  took: { line: "took ([0-9.]+)ms", as: "duration" },
};

function service(signals: Readonly<Record<string, SubjectSignal>> | undefined): Service {
  return {
    program: "program.ts",
    args: [],
    env: {},
    files: {},
    folder: ".",
    start_timeout: 10_000,
    stop_timeout: 2000,
    ...(signals === undefined ? {} : { subject: { subject: "node", guards: {}, faults: {}, signals } }),
  };
}

/** A node with the signals above, a plc, the link `fetch` between them, and the phases warm-up, storm (with one step, `drip`) and heal. */
export function sketchPlan(parts: Partial<Plan> = {}): Plan {
  const observe: Readonly<Record<string, Observation>> = {};
  return {
    plan: "sketch",
    seed: 7,
    params: {},
    let: {},
    matrix: { values: {}, include: [], exclude: [] },
    constants: {},
    time: { scale: 1 },
    services: { node: service(nodeSignals), plc: service(undefined) },
    links: { fetch: { from: "node", to: "plc", proto: "https", port: 443 } },
    observe,
    steady: [expectation("always node.alive")],
    phases: [
      { name: "warm-up", until: "steady", timeout: 10_000, faults: [] },
      { name: "storm", for: 10_000, faults: [sketchStep("drip")] },
      { name: "heal", until: "steady", timeout: 20_000, faults: [] },
    ] satisfies readonly Phase[],
    expect: [],
    abort: [],
    controls: [],
    tier: { local: "commit", sim: "commit", docker: "commit" },
    alone: false,
    worlds: ["local"],
    requires: [],
    document: {},
    ...parts,
  };
}

export function sketchStep(name: string, parts: Partial<Step> = {}): Step {
  const choices = [{ weight: 1, kind: "tcp.drip", parameters: {} }];
  return {
    name,
    choices,
    where: { names: ["fetch"], count: 1 },
    at: "0ms",
    match: {},
    may_miss: false,
    chosen: false,
    ...parts,
  };
}

type Words = Partial<{
  readonly for: number;
  readonly within: number;
  readonly tolerate: { readonly count: number } | { readonly share: number };
  readonly may_miss: boolean;
  readonly name: string;
  readonly during: string;
  readonly severity: "fail" | "warn";
}>;

/** From its text, `never node.exited` or `whenever node.exits then node.ready`. */
export function expectation(text: string, words: Words = {}): Expectation {
  const [, word, condition, answer] = /^(\w+) (.*?)(?: then (.*))?$/.exec(text) ?? [];
  const common = {
    for: 0,
    severity: "fail",
    tolerate: { count: 0 },
    may_miss: false,
    ...words,
    text,
    word,
    expression: condition,
  };
  // oxlint-disable-next-line unicorn/no-thenable -- it is the plan's word, and nobody awaits an expectation.
  return (answer === undefined ? common : { ...common, then: answer }) as Expectation;
}

export type Told = readonly [seconds: number, event: HistoryEvent["event"], fields?: Readonly<Record<string, unknown>>];

/** A history from `[seconds, event, fields]`; it begins with `run.begin` at 0. Checked, so that a test can't tell what could not have been. */
export function story(...told: readonly Told[]): readonly HistoryEvent[] {
  const begin: Told = [0, "run.begin", { plan: "sketch", seed: 7, world: "local", cell: {} }];
  return [begin, ...told].map(([seconds, event, fields]) =>
    eventSchema.parse({ at: Math.round(seconds * 10_000) / 10, event, ...defaults[event], ...fields }),
  );
}

const defaults: Readonly<Partial<Record<HistoryEvent["event"], Readonly<Record<string, unknown>>>>> = {
  "service.start": { service: "node" },
  "service.ready": { service: "node" },
  "service.exit": { service: "node", ordered: false, code: 1 },
  "service.log": { service: "node", stream: "out" },
  "phase.end": { outcome: "over" },
  "fault.inject": { step: "drip", occurrence: 0, kind: "tcp.drip", where: ["fetch"], parameters: {}, late: 0 },
  "fault.hit": { step: "drip", occurrence: 0, where: "fetch", detail: {} },
  "fault.lift": { step: "drip", occurrence: 0 },
};

/** The node starts, warm-up ends at 2 s, the storm lasts from 2 s to 12 s with the drip on from 3 s to 10 s, the system is healed at 13 s. */
export function usualStory(...more: readonly Told[]): readonly HistoryEvent[] {
  const usual: readonly Told[] = [
    [0.5, "service.start"],
    [1, "service.ready"],
    [1, "phase.begin", { phase: "warm-up" }],
    [2, "phase.end", { phase: "warm-up", outcome: "steady" }],
    [2, "phase.begin", { phase: "storm" }],
    [3, "fault.inject"],
    [3.5, "fault.hit"],
    [10, "fault.lift"],
    [12, "phase.end", { phase: "storm" }],
    [12, "phase.begin", { phase: "heal" }],
    [13, "phase.end", { phase: "heal", outcome: "steady" }],
  ];
  const last = Math.max(13, ...more.map(([seconds]) => seconds));
  const told = [...usual, ...more].toSorted(([one], [other]) => one - other);
  return story(...told, [last, "run.end"]);
}

/** `ok` looks at the node, one every half second. */
export function pings(from: number, to: number): readonly Told[] {
  return Array.from({ length: Math.floor((to - from) * 2) + 1 }, (_, n): Told => [
    from + n / 2,
    "probe",
    { name: "node.ping", ok: true, value: 200 },
  ]);
}

/** What became of the only expectation. */
export function judged(expected: Expectation, history: readonly HistoryEvent[], parts: Partial<Plan> = {}): Finding {
  const { findings } = judge(sketchPlan({ ...parts, expect: [expected] }), history);
  const finding = findings.find(({ expectation }) => expectation === expected.text);
  if (finding === undefined) throw new Error("every expectation has a finding");
  return finding;
}

export const outcome = ({ verdict, reason, at }: Finding) => ({ verdict, reason, ...(at === undefined ? {} : { at }) });

export const follows = (words: Parameters<typeof expectation>[1] = {}): Expectation =>
  expectation("whenever node.exits then node.ready", { within: 1000, ...words });

export const steady = [expectation("always node.alive"), expectation("always node.ping.age < 2s", { name: "answers" })];

/** Everything that did not pass. */
export function verdictOn(plan: Plan, history: readonly HistoryEvent[]) {
  const { verdict, findings } = judge(plan, history);
  const others = findings.filter((finding) => finding.verdict !== "pass");
  return { verdict, findings: others.map(({ expectation, reason }) => ({ expectation, reason })) };
}
