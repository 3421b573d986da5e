import { XMLParser, XMLValidator } from "fast-xml-parser";
import { describe, expect, test } from "vitest";
import { judge } from "../judge/judge.ts";
import { judgeControl } from "../judge/control.ts";
import { expectation, pings, sketchPlan, usualStory } from "../judge/judge.testing.ts";
import { renderJunit } from "./junit.ts";
import { renderOverview } from "./overview.ts";
import { paintIn } from "./paint.ts";
import { renderProofs } from "./proof.ts";
import { verdictOf, type Report, type ReportedRun } from "./report.ts";
import { renderText } from "./text.ts";
import { verdictSchema } from "./verdict.ts";

const control = { service: "node", without: ["reopen-log-on-hup"], fails: "never node.exited" };
const hangUp = { signal: "HUP", code: undefined };
const quiet = usualStory(...pings(0, 13));
const storm = usualStory(
  ...pings(0, 13),
  [4.2, "service.log", { fields: { event: "fetch.end", outcome: "timeout", seconds: 1.2 } }],
  [5, "service.exit", hangUp],
  [6, "service.start"],
);

const plan = sketchPlan({
  expect: [
    expectation("never node.exited"),
    expectation("always node.ping.age < 5s", { name: "answers", during: "storm" }),
    expectation("sometimes node.restarts > 3"),
    expectation("never node.restarts > 0", { severity: "warn" }),
  ],
});

const passing = sketchPlan({ expect: [expectation("never node.exited")] });

function run(parts: Partial<ReportedRun>): ReportedRun {
  const replay = `npx sinbin run suites/1-networks/${parts.plan ?? "drip"}.yaml --world local --seed 7`;
  return {
    plan: "drip",
    file: `suites/1-networks/${parts.plan ?? "drip"}.yaml`,
    cell: {},
    seed: 7,
    world: "local",
    seconds: 8.24,
    directory: "runs/drip-7",
    replay,
    controls: [],
    ...judge(passing, quiet),
    ...parts,
  };
}

const red = {
  ...judgeControl(control, judge(passing, storm)),
  control,
  subject: "node-manager",
  seconds: 6.1,
  directory: "runs/drip-7-control-1",
  replay: "npx sinbin run suites/1-networks/drip.yaml --world local --seed 7 --controls",
};

const blind = { ...red, ...judgeControl(control, judge(passing, quiet)), directory: "runs/refused-7-control-1" };

const mixed: Report = {
  runs: [
    run({ controls: [red] }),
    run({
      plan: "sighup-storm",
      cell: { how: "main" },
      seconds: 13.02,
      directory: "runs/sighup-storm-7",
      ...judge(plan, storm),
    }),
    run({ plan: "refused", seconds: 9, directory: "runs/refused-7", controls: [blind] }),
    run({
      plan: "truncated",
      directory: "runs/truncated-7",
      ...judge(passing, [
        ...quiet.slice(0, 3),
        {
          at: 1200,
          event: "run.trouble",
          reason: "node was not ready within 10s",
          log: ["reading slices", "panic: <no> \u001b[31m& no\u0000"],
        },
        { at: 1300, event: "run.end" },
      ]),
    }),
  ],
  skipped: [{ plan: "any-daemon", reason: "it needs natural-ports: run it where unprivileged namespaces are allowed" }],
  lost: [],
  subjects: [{ subject: "node-manager", guards: ["atomic-save", "reopen-log-on-hup"] }],
  seconds: 42.3,
};

const allGood: Report = { runs: [run({ controls: [red] })], skipped: [], lost: [], subjects: [], seconds: 14.4 };

/** With so many that are left out for one reason, and one for another. */
function left(count: number): string {
  const skipped = Array.from({ length: count }, (_, n) => ({ plan: `plan-${n}`, reason: "it takes long" }));
  return renderText({ ...allGood, skipped: [...skipped, { plan: "any-daemon", reason: "it needs programs" }] });
}

describe("the report in text", () => {
  test("shows the table, then what was not as it should be", async () => {
    await expect(renderText(mixed)).toMatchFileSnapshot("golden/mixed.txt");
  });

  test("is short if all is well", async () => {
    await expect(renderText(allGood)).toMatchFileSnapshot("golden/all-good.txt");
  });

  test("begins every failure with the command that replays it", () => {
    const blocks = renderText(mixed).split("\n\n").slice(1, -2);
    expect(blocks.map((block) => block.split("\n")[0])).toEqual([
      "replay: npx sinbin run suites/1-networks/sighup-storm.yaml --world local --seed 7",
      "replay: npx sinbin run suites/1-networks/drip.yaml --world local --seed 7 --controls",
      "replay: npx sinbin run suites/1-networks/truncated.yaml --world local --seed 7",
    ]);
  });

  test("has colours only if told so, and no control characters of a service in any case", () => {
    // oxlint-disable-next-line no-control-regex -- they are what must not be there.
    expect(renderText(mixed)).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F]/);
    expect(renderText(mixed, { colour: true })).toContain("\u001B[31;1mFAIL");
  });

  test("names some of the plans that are left out for one reason, and counts the others", () => {
    expect(left(4)).toContain(
      "\nplan-0, plan-1, plan-2, plan-3: not run here: it takes long\nany-daemon: not run here",
    );
    expect(left(30)).toContain("\nplan-0, plan-1, plan-2 and 27 others: not run here: it takes long\n");
  });

  test("with nothing run, it says so", () => {
    expect(renderText({ runs: [], skipped: [], lost: [], subjects: [], seconds: 0 })).toContain(
      "unknown: nothing was run",
    );
  });
});

describe("the matrix of guards", () => {
  const off = (...without: readonly string[]) => ({ ...red, control: { ...control, without } });
  const subjects = [{ subject: "node-manager", guards: ["idle", "total", "digest", "whole"] }];
  const runs = [
    run({ plan: "drip", cell: { how: "slow" }, controls: [off("total"), off("digest", "whole")] }),
    run({ plan: "drip", cell: { how: "fast" }, controls: [off("total"), off("digest", "whole")] }),
    run({ plan: "silence", controls: [off("total"), { ...blind, control: { ...control, without: ["whole"] } }] }),
  ];

  test("says of each guard which plans are red without it, which are blind, and what nobody proves", () => {
    expect(renderProofs({ subjects, runs }, paintIn(false))).toEqual([
      [
        "node-manager: 1 of 4 guards proven, by plans that turn red without them",
        "  idle    UNPROVEN",
        "  total   drip, silence",
        "  digest  drip (with whole)",
        "          UNPROVEN alone",
        "  whole   drip (with digest)",
        "          UNPROVEN alone",
        "          BLIND: silence",
      ],
    ]);
  });

  test("of one plan has only what its controls switch off", () => {
    expect(renderProofs({ subjects, runs: runs.slice(2) }, paintIn(false))[0]).toHaveLength(1 + 3);
  });

  test("has no line wider than a terminal, however many plans there are", () => {
    const many = Array.from({ length: 60 }, (_, n) => run({ plan: `plan-of-number-${n}`, controls: [off("total")] }));
    const lines = renderProofs({ subjects, runs: many }, paintIn(false)).flat();
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(lines.join(" ").match(/plan-of-number-\d+/g)).toHaveLength(60);
  });
});

describe("the overview", () => {
  test("has a row a plan in the order of its folders, and what it came to in each world", () => {
    const sim = [
      run({ plan: "drip", cell: { how: "slow" }, controls: [red] }),
      run({ plan: "drip", cell: { how: "fast" }, controls: [red] }),
      run({ plan: "refused", controls: [blind] }),
      run({ plan: "storm", file: "suites/5-one-in-a-million/storm.yaml" }),
    ];
    const worlds = [
      { world: "sim", report: { runs: sim } },
      { world: "local", report: { runs: sim.slice(3) } },
    ];
    expect(renderOverview(worlds, "sin", paintIn(false))).toEqual([
      "sin                 plan     sim                            local",
      "1-networks          drip     pass, 2 cells, 2 controls red",
      "                    refused  pass, 1 control BLIND",
      "5-one-in-a-million  storm    pass                           pass",
    ]);
  });
});

describe("JUnit", () => {
  test("has a suite a run and a case an expectation", async () => {
    await expect(renderJunit(mixed)).toMatchFileSnapshot("golden/mixed.xml");
  });

  test("is well-formed whatever the services wrote", () => {
    expect(XMLValidator.validate(renderJunit(mixed))).toBe(true);
  });

  test("counts `unknown` as an error and a blind control as a failure, never as skipped", () => {
    const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "" });
    const { testsuites } = parser.parse(renderJunit(mixed)) as {
      readonly testsuites: { readonly testsuite: readonly Readonly<Record<string, string>>[] };
    };
    expect(
      testsuites.testsuite.map(({ name, failures, errors, skipped }) => [name, failures, errors, skipped]),
    ).toEqual([
      ["drip", "0", "0", "0"],
      ["sighup-storm (how=main)", "1", "1", "0"],
      ["refused", "1", "0", "0"],
      ["truncated", "0", "2", "0"],
      ["any-daemon", "0", "0", "1"],
    ]);
  });
});

describe("the verdict over all runs", () => {
  test("is the worst, and a blind control is as bad as a failure", () => {
    expect(verdictOf(allGood)).toBe("pass");
    expect(verdictOf({ lost: [], runs: [run({ controls: [blind] })] })).toBe("fail");
    expect(verdictOf({ lost: [], runs: mixed.runs.slice(3) })).toBe("unknown");
    expect(verdictOf(mixed)).toBe("fail");
  });

  test("is unknown where nothing was run, and where a run has no result", () => {
    expect(verdictOf({ runs: [], lost: [] })).toBe("unknown");
    expect(verdictOf({ ...allGood, lost: [{ title: "drip", reason: "interrupted" }] })).toBe("unknown");
    expect(renderText({ ...allGood, lost: [{ title: "drip", reason: "sinbin could not go on" }] })).toContain(
      "drip: no result: sinbin could not go on",
    );
    expect(renderJunit({ ...allGood, lost: [{ title: "drip", reason: "sinbin could not go on" }] })).toContain(
      '<error message="there is no result',
    );
  });

  test("is written in a shape that can be read again", () => {
    for (const { verdict, findings } of mixed.runs) {
      const written: unknown = JSON.parse(JSON.stringify({ verdict, findings }));
      expect(verdictSchema.parse(written)).toEqual(written);
    }
  });
});

describe("a control", () => {
  test("is red if it fails by the expectation that it names", () => {
    expect(red).toMatchObject({ result: "red", reason: "it was true for 1s" });
  });

  test("is blind if it passes, is unknown, or fails by another expectation", () => {
    const other = sketchPlan({ expect: [expectation("never node.restarts > 0")] });
    expect([
      judgeControl(control, judge(passing, quiet)),
      judgeControl(
        control,
        judge(
          passing,
          storm.filter(({ event }) => event !== "run.end" && event !== "service.exit"),
        ),
      ),
      judgeControl(control, judge(other, storm)),
    ]).toEqual([
      { result: "blind", reason: "node without reopen-log-on-hup passes: the plan does not notice" },
      {
        result: "blind",
        reason:
          "node without reopen-log-on-hup ends as unknown, by the run goes as planned: the history breaks off: the harness did not live to the end of the run",
      },
      {
        result: "blind",
        reason:
          "node without reopen-log-on-hup fails by another expectation, never node.restarts > 0: it was true for 7s",
      },
    ]);
  });
});
