import { resolve } from "node:path";
import { assert, asyncProperty, nat, subarray } from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../host/night.testing.ts";
import type { HistoryEvent } from "../history/event.ts";
import { bindPlan, parsePlan } from "../plan/parse.ts";
import { parseText, readFrom, twoServices } from "../plan/plan.testing.ts";
import type { Plan } from "../plan/schema.ts";
import { writeYaml } from "../plan/write-yaml.ts";
import { createSchedule } from "../schedule/schedule.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { withoutService } from "./document.ts";
import { armedSteps, explicitPlan } from "./explicit.ts";
import type { Failure } from "./failure.ts";
import { neat } from "./neat.ts";

const head = `plan: drawn
about: Everything that can be drawn.
seed: 3
${twoServices}
params:
  gap: { default: { uniform: [1ms, 2s] } }
  limit: { default: 5s }
let:
  once: { uniform: [1s, 9s] }
matrix:
  signal: [HUP, USR1]
steady: [{ always: node.alive }]
`;

const steps = [
  "tcp.latency: { delay: $gap, jitter: { normal: [0ms, 2ms] } }\nevery: 5s..9s\nfor: { exponential: 3s }\nprobability: 30%",
  "process.signal: { signal: $signal, count: 1..9, gap: = gap * 2 }\nname: storm\nwhere: { one_of: all }\nat: $once\nevery: $gap\ntimes: 7",
  "choose:\n  - { weight: 3, process.kill: {} }\n  - { none: {} }\n  - { process.pause: { to: main } }\nname: mixed\nwhere: node\nevery: 4s",
  "tcp.reset: { after_bytes: 1KiB..2KiB }\nname: cut\nafter: storm.ended + 1s\ndirection: upstream\nfirst: 2\nmay_miss: true",
  "tcp.drip: { rate: { ramp: [10KiB/s, 200B/s] } }\nname: drip\nevery: 10s\nuntil: phase.end - 10s",
] as const;

/** A run in which every planned occurrence came, and was lifted when it should be. */
async function failureOf(
  chosen: readonly string[],
  seed: number,
  expectation = "never: node.exited",
): Promise<Failure> {
  const list = chosen.map((step) => `      - ${step.replaceAll("\n", "\n        ")}\n`).join("");
  const phases = `phases:
  - { name: warm-up, until: steady, timeout: 30s }
  - name: weather
    for: 60s
    faults:
${list}expect:
  - ${expectation}
  - always: node.alive
`;
  const plan = bindPlan(await parseText(`${head}${phases}`), { seed, cell: { signal: "USR1" }, params: {} });
  const schedule = createSchedule(plan, { seed, cell: { signal: "USR1" } });
  const [{ text } = { text: "" }] = plan.expect;
  return { plan, schedule, events: eventsOf(schedule), without: new Map(), finding: { expectation: text } };
}

function eventsOf(schedule: Schedule): readonly HistoryEvent[] {
  const began = 1000;
  const happened = (schedule.phases[1]?.steps ?? []).flatMap(({ name, occurrences }) =>
    occurrences.flatMap(({ n, at, for: length, kind, where, parameters }): readonly HistoryEvent[] => {
      const step = { step: name, occurrence: n };
      const inject: HistoryEvent = {
        at: began + at,
        event: "fault.inject",
        ...step,
        kind,
        where: [...where],
        parameters: { ...parameters },
        late: 0,
      };
      return [inject, { at: began + at + (length ?? 0), event: "fault.lift", ...step }];
    }),
  );
  return [
    { at: 0, event: "phase.begin", phase: "warm-up" },
    { at: began, event: "phase.begin", phase: "weather" },
    ...happened.toSorted((one, other) => one.at - other.at),
    { at: began + 60_000, event: "phase.end", phase: "weather", outcome: "over" },
  ];
}

const options = { armed: new Set<string>(), isThere: () => false };

async function writtenOut(failure: Failure, form: Partial<typeof options> = {}): Promise<{ text: string; plan: Plan }> {
  const text = writeYaml(neat(explicitPlan(failure, { ...options, ...form })));
  return { text, plan: await parseText(text) };
}

test("the explicit plan has the very same schedule, whatever was drawn", async () => {
  await assert(
    asyncProperty(subarray([...steps]), nat(10_000), async (chosen, seed) => {
      // What counts from another step needs it.
      const usable = chosen.filter(
        (step) => !step.includes("storm.ended") || chosen.some((other) => other.includes("name: storm")),
      );
      const failure = await failureOf(usable.length === 0 ? [steps[0]] : usable, seed);
      const { plan } = await writtenOut(failure);
      const { phases } = createSchedule(plan, { seed: Number(plan.seed) });
      // Where nothing came of a step, nothing is left of it.
      const planned = failure.schedule.phases.map((phase) => ({
        ...phase,
        steps: phase.steps.filter(({ occurrences }) => occurrences.length > 0),
      }));
      expect(phases).toEqual(planned);
    }),
    runs(60),
  );
});

test("it is readable, and has what failed and no more", async () => {
  const failure = await failureOf(
    [steps[0], steps[1]].map((step) =>
      `${step}\n`.replace("times: 7", "times: 2").replace("every: 5s..9s", "every: 40s").trim(),
    ),
    3,
    "always: node.ping.age < limit\n    during: weather\n    for: 1s",
  );
  const { text } = await writtenOut({ ...failure, without: new Map([["node", ["reopen-log-on-hup"]]]) });
  expect(text).toMatchInlineSnapshot(`
    "plan: drawn-shrunk
    seed: 3
    params:
      limit: { default: 5s }
    services:
      node: { program: node.ts, args: [--without, reopen-log-on-hup] }
      plc: { command: [plc, --listen, "443"] }
    links:
      fetch: { from: node, to: plc, proto: https, port: 443 }
    steady:
      - always: node.alive
    phases:
      - { name: warm-up, until: steady, timeout: 30s }
      - name: weather
        for: 60s
        faults:
          - tcp.latency:
              delay: 0.874449s
              jitter: { normal: [0ms, 2ms] }
            name: tcp.latency#0
            where: fetch
            for: 5.616587s
            probability: 30%
          - tcp.latency:
              delay: 1.091057s
              jitter: { normal: [0ms, 2ms] }
            name: tcp.latency#1
            where: fetch
            at: 40s
            for: 0.166393s
            probability: 30%
          - process.signal: { signal: USR1, count: 9, gap: 2.817414s }
            name: storm#0
            where: node
            at: 2.805172s
          - process.signal: { signal: USR1, count: 5, gap: 2.106866s }
            name: storm#1
            where: plc
            at: 2.90671s
    expect:
      - { always: node.ping.age < limit, for: 1s, during: weather }
    "
  `);
});

test("whatever an expectation says is said again", async () => {
  for (const expectation of [
    'never: fault("storm").hits > 3',
    "eventually: node.alive\n    within: 90s\n    name: back-again",
    "whenever: node.exited\n    then: node.alive\n    within: 5s\n    tolerate: 20%\n    may_miss: true",
    "whenever: node.exited\n    then: node.alive\n    within: 5s\n    tolerate: 2",
    "at_end: node.ping.age < gap",
    "sometimes: node.exited\n    severity: warn",
  ]) {
    const failure = await failureOf([steps[1]], 5, expectation);
    const { plan } = await writtenOut(failure);
    expect(plan.expect).toEqual(failure.plan.expect.slice(0, 1));
  }
});

describe("a step that waits for something", () => {
  const waiting = "process.kill: {}\nname: kills\nwhere: node\nwhen: node.started\nat: 1ms..9ms\ntimes: 5";

  async function failed(): Promise<Failure> {
    const failure = await failureOf([waiting], 7);
    const kill = { step: "kills", kind: "process.kill", where: ["node"], parameters: {} };
    const events: readonly HistoryEvent[] = [
      { at: 1000, event: "phase.begin", phase: "weather" },
      { at: 1500.5, event: "fault.inject", ...kill, occurrence: 0, late: 0 },
      { at: 3000, event: "fault.inject", ...kill, occurrence: 1, late: 2 },
    ];
    return { ...failure, events };
  }

  test("happens at the times that the history has", async () => {
    const { plan } = await writtenOut(await failed());
    const [, phase] = createSchedule(plan, { seed: 7 }).phases;
    expect(phase?.steps.map(({ trigger, occurrences }) => [trigger, occurrences.map(({ n, at }) => [n, at])])).toEqual([
      [
        { type: "timed" },
        [
          [0, 500.5],
          [1, 1998],
        ],
      ],
    ]);
  });

  test("or goes on waiting, and draws the same", async () => {
    const failure = await failed();
    expect(armedSteps(failure)).toEqual(["kills"]);
    const { plan } = await writtenOut(failure, { armed: new Set(["kills"]) });
    expect(createSchedule(plan, { seed: 7 }).phases).toEqual(failure.schedule.phases);
  });
});

test("services keep what they run, at paths that mean the same wherever the plan lies", async () => {
  const text = `plan: p
services:
  cache: { image: redis:8, command: [./run.sh], volumes: [/data], networks: [inside] }
  own: { build: { context: ./own, target: debug }, networks: [inside], subject: ./own/subject.yaml }
  other: { build: ../other }
  daemon: { command: [./here.py, ./not.here], args: [-v] }
phases: [{ name: rest, for: 1s }]
expect: [{ never: own.exited }]
`;
  const files: Readonly<Record<string, string>> = {
    "plans/p.yaml": text,
    "plans/here.py": "",
    "plans/own/Dockerfile": "",
    "plans/own/subject.yaml": "subject: own\nguards: { again: It tries again. }\n",
    "other/Dockerfile": "",
  };
  const parsed = await parsePlan("plans/p.yaml", readFrom(files));
  const plan = bindPlan(parsed, { seed: 1, cell: {}, params: {} });
  const schedule = createSchedule(plan, { seed: 1, cell: {} });
  const without = new Map([["own", ["again"]]]);
  const document = explicitPlan(
    { plan, schedule, events: [], without, finding: { expectation: "never own.exited" } },
    { armed: new Set(), isThere: (path) => path in files },
  );
  expect(document["services"]).toEqual({
    cache: { image: "redis:8", command: ["./run.sh"], volumes: ["/data"], networks: ["inside"] },
    own: {
      build: { context: "plans/own", target: "debug" },
      networks: ["inside"],
      args: ["--without", "again"],
      subject: "plans/own/subject.yaml",
    },
    other: { build: "other" },
    daemon: { command: [resolve("plans/here.py"), "./not.here"], args: ["-v"] },
  });
  expect(withoutService(document, "cache")["services"]).toMatchObject({
    own: expect.not.objectContaining({ networks: ["inside"] }),
  });
});
