import { assert, constantFrom, nat, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { faults } from "../../faults/registry.ts";
import { runs } from "../../host/night.testing.ts";
import { PlanError } from "../errors.ts";
import { cells } from "../plan/parse.ts";
import type { Plan } from "../plan/schema.ts";
import { parseText, twoServices } from "../plan/plan.testing.ts";
import { createSchedule, drawOccurrence } from "./schedule.ts";
import type { Occurrence, Schedule, ScheduledStep } from "./schedule.ts";

const head = `plan: p
${twoServices}
steady: [{ always: node.alive }]
params:
  gap: { default: 3s }
  flap: { default: { uniform: [5s, 40s] } }
  period: { default: 10s }
  jitter: { default: { normal: [0s, 2s] } }
let:
  once: { uniform: [1s, 9s] }
`;

/** A plan whose phase `storm` lasts 60 s and has these steps. */
function withSteps(...steps: readonly string[]): Promise<Plan> {
  const list = steps.map((step) => `      - ${step.trim().replaceAll("\n", "\n        ")}\n`).join("");
  return parseText(`${head}phases:
  - { name: warm-up, until: steady, timeout: 30s }
  - name: storm
    for: 60s
    faults:
${list}  - { name: heal, until: steady, timeout: 20s }
`);
}

function stepOf(schedule: Schedule, name: string): ScheduledStep {
  const step = schedule.phases.flatMap(({ steps }) => steps).find((candidate) => candidate.name === name);
  if (step === undefined) throw new Error(`no step ${name}`);
  return step;
}

async function occurrencesOf(step: string, seed = 7): Promise<readonly Occurrence[]> {
  const schedule = createSchedule(await withSteps(`${step}\nname: it`), { seed });
  return stepOf(schedule, "it").occurrences;
}

/** `at` or `at+for`. */
const times = (occurrences: readonly Occurrence[]): readonly string[] =>
  occurrences.map(({ at, for: length }) => (length === undefined ? `${at}` : `${at}+${length}`));

describe("when", () => {
  test.each([
    ["a state holds to the end of its phase", "tcp.refuse: {}", ["0"]],
    ["at and for", "tcp.refuse: {}\nat: 5s\nfor: 10s", ["5000+10000"]],
    [
      "a state with every holds to its next occurrence",
      "tcp.refuse: {}\nat: 10s\nevery: 20s",
      ["10000+20000", "30000+20000", "50000"],
    ],
    [
      "the next occurrence ends the one before",
      "tcp.refuse: {}\nevery: 20s\nfor: 30s",
      ["0+20000", "20000+20000", "40000+30000"],
    ],
    ["a shorter for leaves gaps", "tcp.refuse: {}\nevery: 25s\nfor: 1s", ["0+1000", "25000+1000", "50000+1000"]],
    ["a pulse has no length", "process.kill: {}\nwhere: node\nat: 1s\nevery: 30s", ["1000", "31000"]],
    ["times", "process.kill: {}\nwhere: node\nevery: 1s\ntimes: 3", ["0", "1000", "2000"]],
    ["until a time ends the last one, too", "tcp.refuse: {}\nevery: 20s\nuntil: 35s", ["0+20000", "20000+15000"]],
    ["until the end of the phase, less some", "tcp.refuse: {}\nuntil: phase.end - 10s", ["0+50000"]],
    [
      "a cycle by occurrence",
      "process.kill: {}\nwhere: node\nevery: { cycle: [10s, 20s] }",
      ["0", "10000", "30000", "40000"],
    ],
    [
      "a trace by occurrence",
      "process.kill: {}\nwhere: node\nevery: { trace: [5s, 25s] }",
      ["0", "5000", "30000", "55000"],
    ],
    ["a formula", "tcp.refuse: {}\nfor: = period * 2 + gap", ["0+23000"]],
    ["after the phase before", "tcp.refuse: {}\nafter: phase.warm-up + 5s", ["5000"]],
    ["after the phase before, and at", "tcp.refuse: {}\nafter: phase.warm-up + 5s\nat: 2s", ["7000"]],
  ])("%s", async (_what, step, expected) => {
    expect(times(await occurrencesOf(step))).toEqual(expected);
  });

  test("every draws anew, within its bounds", async () => {
    const gaps = (await occurrencesOf("process.kill: {}\nwhere: node\nevery: 5s..10s")).map(({ at }) => at);
    expect(gaps.length).toBeGreaterThan(5);
    for (const [index, at] of gaps.entries()) {
      if (index === 0) continue;
      const gap = at - (gaps[index - 1] ?? 0);
      expect(gap).toBeGreaterThanOrEqual(5000 - 0.002);
      expect(gap).toBeLessThanOrEqual(10_000 + 0.002);
    }
    expect(new Set(gaps.map((at, index) => at - (gaps[index - 1] ?? 0))).size).toBe(gaps.length);
  });

  test("a single draw of 0 counts as a millisecond", async () => {
    const occurrences = await occurrencesOf("process.kill: {}\nwhere: node\nevery: { normal: [1s, 10s] }");
    const gaps = occurrences.slice(1).map(({ at }, index) => at - (occurrences[index]?.at ?? 0));
    expect(Math.min(...gaps)).toBe(1);
  });

  test("what only other parameters show is an error of the schedule, with the step", async () => {
    const plan = await withSteps("process.kill: {}\nwhere: node\nname: it\nevery: $gap");
    expect(() => createSchedule(plan, { seed: 7 })).not.toThrow();
    const message =
      "p:1:1 phases[1].faults[0].every: this makes more than 10000 occurrences: write a longer time, or times";
    expect(() => createSchedule(plan, { seed: 7, params: { gap: "1ms" } })).toThrow(PlanError);
    expect(() => createSchedule(plan, { seed: 7, params: { gap: "1ms" } })).toThrow(message);
  });

  test("a ramp runs over the span of the step", async () => {
    const rates = (await occurrencesOf("tcp.bandwidth: { rate: { ramp: [10KiB/s, 70KiB/s] } }\nevery: 10s")).map(
      ({ parameters }) => parameters["rate"],
    );
    expect(rates).toEqual(["10KiB/s", "20KiB/s", "30KiB/s", "40KiB/s", "50KiB/s", "60KiB/s"]);
  });

  test("edges of steps whose times are known become times, of others are watched", async () => {
    const plan = await withSteps(
      "tcp.refuse: {}\nname: door\nat: 10s\nfor: 5s",
      "process.kill: {}\nname: first\nwhere: node\nafter: door + 1s",
      "process.kill: {}\nname: last\nwhere: node\nafter: door.ended + 2s",
      "tcp.drip: { rate: 1B/s }\nname: slow\nuntil: door.ended",
      "process.kill: {}\nname: armed\nwhere: node\nwhen: node.exited\ntimes: 2",
      "process.kill: {}\nname: third\nwhere: node\nafter: armed + 3s",
      "process.kill: {}\nname: fourth\nwhere: node\nafter: armed.ended",
      "tcp.latency: { delay: 1s }\nname: late\nuntil: armed",
    );
    const schedule = createSchedule(plan, { seed: 7 });
    expect(times(stepOf(schedule, "first").occurrences)).toEqual(["11000"]);
    expect(times(stepOf(schedule, "last").occurrences)).toEqual(["17000"]);
    expect(times(stepOf(schedule, "slow").occurrences)).toEqual(["0+15000"]);
    expect(stepOf(schedule, "third").trigger).toEqual({ type: "after", edge: "armed", delay: 3000 });
    expect(stepOf(schedule, "fourth").trigger).toEqual({
      type: "after",
      edge: 'fault("armed").ended.count > 0',
      delay: 0,
    });
    expect(stepOf(schedule, "late").until).toBe("armed");
  });

  test("an armed step shows what it will draw, and drawOccurrence goes on from there", async () => {
    const plan = await withSteps(
      "process.signal: { signal: HUP, count: { uniform: [1, 1000] } }\nname: armed\nwhere: node\nat: 1s..5s\nwhen: node.started",
    );
    const schedule = createSchedule(plan, { seed: 7 });
    const { trigger, occurrences } = stepOf(schedule, "armed");
    expect(trigger).toEqual({ type: "when", expression: "node.started" });
    expect(occurrences).toEqual([0, 1, 2].map((n) => drawOccurrence(plan, schedule, "armed", n)));
    expect(drawOccurrence(plan, schedule, "armed", 9)).not.toEqual({ ...occurrences[0], n: 9 });
  });
});

const placesOf = async (where: string) =>
  (await occurrencesOf(`process.kill: {}\nevery: 2s\nwhere: ${where}`)).map((occurrence) => occurrence.where.join());

const delaysOf = async (delay: string) =>
  new Set(
    (await occurrencesOf(`tcp.latency: { delay: ${delay} }\nevery: 5s`)).map(({ parameters }) => parameters["delay"]),
  );

describe("what", () => {
  test("parameters are texts with units in the order of the fault's own schema", async () => {
    const [occurrence] = await occurrencesOf("process.signal: { gap: = gap / 2, count: 3, signal: HUP }\nwhere: node");
    expect(JSON.stringify(occurrence?.parameters)).toBe('{"signal":"HUP","count":3,"gap":"1.5s"}');
  });

  test("whole numbers are drawn whole, and within their bounds", async () => {
    const occurrences = await occurrencesOf("process.signal: { signal: HUP, count: 1..3 }\nwhere: node\nevery: 500ms");
    expect(new Set(occurrences.map(({ parameters }) => parameters["count"]))).toEqual(new Set([1, 2, 3]));
  });

  test("words can be chosen", async () => {
    const occurrences = await occurrencesOf(
      "process.signal: { signal: { choice: [USR1, USR2] } }\nwhere: node\nevery: 1s",
    );
    expect(new Set(occurrences.map(({ parameters }) => parameters["signal"]))).toEqual(new Set(["USR1", "USR2"]));
  });

  test("choose draws by weight, and none leaves a gap", async () => {
    const occurrences = await occurrencesOf(
      "choose: [{ weight: 3, process.kill: {} }, { weight: 1, process.signal: { signal: HUP } }, { weight: 2, none: {} }]\nwhere: node\nevery: 100ms",
    );
    const share = (kind: string): number => occurrences.filter((occurrence) => occurrence.kind === kind).length / 600;
    expect(occurrences.length / 600).toBeCloseTo(4 / 6, 1);
    expect(share("process.kill")).toBeCloseTo(3 / 6, 1);
    expect(share("process.signal")).toBeCloseTo(1 / 6, 1);
    expect(occurrences.every(({ n, at }) => at === n * 100)).toBe(true);
  });

  test("where is all, a list, or drawn for each occurrence", async () => {
    expect(new Set(await placesOf("all"))).toEqual(new Set(["node,plc"]));
    expect(new Set(await placesOf("[plc, node]"))).toEqual(new Set(["plc,node"]));
    expect(new Set(await placesOf("{ one_of: all }"))).toEqual(new Set(["node", "plc"]));
    expect(new Set(await placesOf("{ random: 2, of: all }"))).toEqual(new Set(["node,plc"]));
  });

  test("a parameter with a distribution is drawn anew where it is used, let only once", async () => {
    expect((await delaysOf("$flap")).size).toBe(12);
    expect((await delaysOf("= period + jitter")).size).toBe(12);
    expect((await delaysOf("$once")).size).toBe(1);
    expect((await delaysOf("= once + gap")).size).toBe(1);
  });

  test("what a fault draws per item reaches it as it is", async () => {
    const [occurrence] = await occurrencesOf("tcp.latency: { delay: 1s, jitter: { normal: [0ms, 5ms] } }");
    expect(occurrence?.parameters).toEqual({ delay: "1s", jitter: { normal: ["0ms", "5ms"] } });
  });

  test("the selection of connections is as the proxy takes it", async () => {
    const [occurrence] = await occurrencesOf(
      "tcp.reset: {}\nprobability: 25%\nevery_nth: 3\nscope: new\ndirection: both\nmay_miss: true",
    );
    expect(occurrence).toMatchObject({
      mayMiss: true,
      match: { probability: 0.25, everyNth: 3, scope: "new", direction: "both" },
    });
  });

  test("whatever is drawn, the fault's own schema takes it", async () => {
    const plan = await withSteps(
      "tcp.latency: { delay: { normal: [10ms, 100ms] }, jitter: 1ms }\nevery: 1s",
      "tcp.bandwidth: { rate: { lognormal: [64KiB/s, 2] } }\nevery: 1s",
      "tcp.slicer: { size: { exponential: 1KiB }, delay: $jitter }\nevery: 1s",
      "process.signal: { signal: HUP, count: { normal: [3, 10] }, gap: = jitter * 3 }\nwhere: node\nevery: 1s",
    );
    assert(
      property(nat(), (seed) => {
        for (const { kind, parameters } of createSchedule(plan, { seed }).phases.flatMap(({ steps }) =>
          steps.flatMap(({ occurrences }) => occurrences),
        )) {
          expect(
            faults.get(kind)?.parameters.safeParse(parameters).success,
            `${kind} ${JSON.stringify(parameters)}`,
          ).toBe(true);
        }
      }),
      runs(30),
    );
  });
});

const bytesOf = async (steps: readonly string[], seed: number) =>
  JSON.stringify(createSchedule(await withSteps(...steps), { seed }));

describe("seeds", () => {
  const steps = [
    "tcp.latency: { delay: 1ms..1s }\nname: a\nevery: 2s..4s",
    "choose: [{ process.kill: {} }, { process.signal: { signal: HUP, count: 1..9 } }]\nname: b\nwhere: { one_of: all }\nevery: { exponential: 5s }",
    "tcp.bandwidth: { rate: 1KiB/s..1MiB/s }\nname: c\nat: $flap\nfor: 1s..2s",
    "process.signal: { signal: HUP, count: 1..99 }\nname: d\nwhere: node\nwhen: node.exited",
  ];

  test("the same seed gives the same bytes, another seed others", async () => {
    expect(await bytesOf(steps, 7)).toBe(await bytesOf(steps, 7));
    expect(await bytesOf(steps, 7)).not.toBe(await bytesOf(steps, 8));
  });

  test("no draw ever changes by accident", async () => {
    const schedule = createSchedule(await withSteps(...steps), { seed: 7 });
    expect(
      schedule.phases[1]?.steps.map(({ name, occurrences }) => `${name} ${times(occurrences).slice(0, 3).join(" ")}`),
    ).toMatchInlineSnapshot(`
      [
        "a 0+3018.224 3018.224+3326.324 6344.548+3564.234",
        "b 0 6168.496 6266.834",
        "c 34468.306+1693.528",
        "d 0 0 0",
      ]
    `);
  });

  test("deleting, adding or moving a step leaves every other draw unchanged", async () => {
    const whole = await withSteps(...steps);
    const subsets = await Promise.all(
      Array.from({ length: 2 ** steps.length - 1 }, (_, index) =>
        steps.filter((_step, bit) => ((index + 1) & (1 << bit)) !== 0),
      ).map(async (some) => withSteps(...some.toReversed())),
    );
    assert(
      property(nat(), constantFrom(...subsets), (seed, some) => {
        const all = createSchedule(whole, { seed });
        for (const step of createSchedule(some, { seed }).phases[1]?.steps ?? [])
          expect(step).toEqual(stepOf(all, step.name));
      }),
      runs(100),
    );
  });
});

const withMatrix = (text: string): Promise<Plan> =>
  parseText(
    `${head}matrix: ${text}\nphases:\n  - name: storm\n    for: 60s\n    faults:\n      - tcp.latency: { delay: = period * sign }\n        every: 20s\n`,
  );

describe("the matrix", () => {
  test("every combination is a cell; include adds to those that agree, exclude takes out", async () => {
    const plan = await withMatrix(
      "{ sign: [1, 2], how: [a, b], exclude: [{ sign: 2, how: b }], include: [{ how: a, x: 1 }, { how: b, x: 2 }] }",
    );
    expect(cells(plan)).toEqual([
      { sign: 1, how: "a", x: 1 },
      { sign: 1, how: "b", x: 2 },
      { sign: 2, how: "a", x: 1 },
    ]);
  });

  test("a row that agrees with no cell is one of its own", async () => {
    expect(cells(await withMatrix("{ sign: [1], include: [{ sign: 5 }] }"))).toEqual([{ sign: 1 }, { sign: 5 }]);
    expect(cells(await withMatrix("{ include: [{ sign: 3 }, { sign: 4 }] }"))).toEqual([{ sign: 3 }, { sign: 4 }]);
  });

  test("a plan without a matrix has one cell with nothing in it", async () => {
    expect(cells(await withSteps("tcp.refuse: {}"))).toEqual([{}]);
  });

  test("the cell is what $name and formulas see, and may be a distribution", async () => {
    const plan = await withMatrix("{ sign: [3, { cycle: [1, 2] }] }");
    const delays = (cell: Readonly<Record<string, unknown>> | undefined) =>
      createSchedule(plan, { seed: 7, ...(cell === undefined ? {} : { cell }) }).phases[0]?.steps[0]?.occurrences.map(
        ({ parameters }) => parameters["delay"],
      );
    expect(delays(cells(plan)[0])).toEqual(["30s", "30s", "30s"]);
    expect(delays(cells(plan)[1])).toEqual(["10s", "20s", "10s"]);
    expect(delays(undefined)).toEqual(["30s", "30s", "30s"]);
  });

  test("parameters of the command line come before the plan's defaults", async () => {
    const plan = await withMatrix("{ sign: [1] }");
    const schedule = createSchedule(plan, { seed: 7, params: { period: "4s" } });
    expect(schedule.phases[0]?.steps[0]?.occurrences[0]?.parameters).toEqual({ delay: "4s" });
  });
});
