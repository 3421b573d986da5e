import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../history/event.ts";
import { judge } from "./judge.ts";
import { pendingUntil } from "./pending.ts";
import {
  expectation,
  follows,
  judged,
  outcome,
  pings,
  sketchPlan,
  sketchStep,
  steady,
  story,
  usualStory,
  verdictOn,
  type Told,
} from "./judge.testing.ts";

const slivers = (...names: readonly string[]) => ({ fields: { event: "slivers", names } });

const fetch = { fields: { event: "fetch.end", outcome: "ok" } };

/** Something that concerns nobody, so that the history goes on for so long. */
const endingAt = (at: number): Told => [at, "probe", { name: "nothing", ok: true }];

const restart = (at: number, readyAt: number): readonly Told[] => [
  [at, "service.exit"],
  [at + 0.1, "service.start"],
  [readyAt, "service.ready"],
];

const without = (history: readonly HistoryEvent[], event: HistoryEvent["event"]) =>
  history.filter((each) => each.event !== event);

const warmedUp = (...more: readonly Told[]): readonly HistoryEvent[] =>
  story(
    [0.5, "service.start"],
    [1, "phase.begin", { phase: "warm-up" }],
    [2, "phase.end", { phase: "warm-up", outcome: "steady" }],
    ...more,
  );

const late = (milliseconds: number): readonly HistoryEvent[] =>
  usualStory().map((event) => (event.event === "fault.inject" ? { ...event, late: milliseconds } : event));

describe("always and never", () => {
  test("hold where nothing breaks them", () => {
    expect(outcome(judged(expectation("always node.alive"), usualStory()))).toEqual({
      verdict: "pass",
      reason: "it was true all the time",
    });
    expect(outcome(judged(expectation("never node.exited"), usualStory()))).toEqual({
      verdict: "pass",
      reason: "it was never true",
    });
  });

  test("are broken by a moment that lies between two events of the same time", () => {
    const history = usualStory([5, "service.exit"], [5, "service.start"]);
    expect(outcome(judged(expectation("never node.exited"), history))).toEqual({
      verdict: "fail",
      reason: "it was true",
      at: 5000,
    });
  });

  test("forgive a breach that is not longer than `for`", () => {
    const history = usualStory([5, "service.exit"], [6, "service.start"]);
    expect(judged(expectation("always node.alive", { for: 1000 }), history).verdict).toBe("pass");
    expect(outcome(judged(expectation("always node.alive", { for: 999 }), history))).toEqual({
      verdict: "fail",
      reason: "it was not true for 1s, longer than 999ms",
      at: 5000,
    });
  });

  test("a breach that is still on at the end, and might yet become too long, is undecided: the run has to go on", () => {
    const expected = expectation("always node.alive", { for: 5000 });
    const history = usualStory([11, "service.exit"]);
    expect(outcome(judged(expected, history))).toEqual({
      verdict: "unknown",
      reason: "it was not true for the last 2s of the run, and had 5s",
      at: 11_000,
    });
    const unfinished = history.slice(0, -1);
    expect(pendingUntil(sketchPlan({ expect: [expected] }), unfinished, 13_000)).toBe(16_000);
    expect(pendingUntil(sketchPlan({ expect: [expected] }), unfinished, 16_001)).toBeUndefined();
    expect(judged(expected, usualStory([11, "service.exit"], endingAt(16.1))).verdict).toBe("fail");
    expect(judged(expected, usualStory([11, "service.exit"], [15, "service.start"])).verdict).toBe("pass");
  });

  test("a breach that the end of `during` cuts short is over", () => {
    const history = usualStory([11, "service.exit"]);
    expect(judged(expectation("always node.alive", { for: 5000, during: "storm" }), history).verdict).toBe("pass");
  });

  test("count from the end of the warm-up, and not beyond the end of the run", () => {
    const early = usualStory([1.5, "service.exit"], [1.8, "service.start"]);
    expect(judged(expectation("never node.exited"), early).verdict).toBe("pass");
    const after = [...usualStory(), ...story([14, "service.exit"]).slice(1)];
    expect(judged(expectation("never node.exited"), after).verdict).toBe("pass");
  });

  test("of an event: it must not happen in the window", () => {
    const history = usualStory(...restart(1.5, 1.6), ...restart(6, 6.5), [7, "service.exit"]);
    expect(outcome(judged(expectation("never node.exits"), history))).toEqual({
      verdict: "fail",
      reason: "it happened 2 times",
      at: 6000,
    });
    expect(judged(expectation("never node.exits"), usualStory([1.5, "service.exit"])).verdict).toBe("pass");
  });

  test("see an age grow between two events, to the millisecond", () => {
    const finding = judged(expectation("always node.ping.age < 3s"), usualStory(...pings(0, 4), ...pings(8, 13)));
    expect(finding).toMatchObject({ verdict: "fail", reason: "it was not true for 1s" });
    expect(Math.floor(finding.at ?? 0)).toBe(7000);
  });

  test("see an age that is wrong only for a while between two events", () => {
    const history = usualStory(...pings(0, 4), ...pings(8, 13));
    expect(judged(expectation("never node.ping.age > 2s && node.ping.age < 2500ms"), history).verdict).toBe("fail");
  });

  test("`during` narrows them to a phase, or to the occurrences of a step", () => {
    const history = usualStory([11, "service.exit"], [11.5, "service.start"]);
    expect(judged(expectation("never node.exited", { during: "storm" }), history).verdict).toBe("fail");
    expect(judged(expectation("never node.exited", { during: "drip" }), history).verdict).toBe("pass");
    expect(judged(expectation("never node.exited", { during: "heal" }), history).verdict).toBe("pass");
  });

  test("a window that opens in the middle of a breach has it from its beginning", () => {
    const history = usualStory([9, "service.exit"], [12.5, "service.start"]);
    expect(outcome(judged(expectation("never node.exited", { during: "heal" }), history))).toEqual({
      verdict: "fail",
      reason: "it was true for 500ms",
      at: 12_000,
    });
  });

  test("what was never known can't be judged, and says so", () => {
    expect(outcome(judged(expectation("always size(node.slivers) > 0"), usualStory()))).toEqual({
      verdict: "unknown",
      reason: "it could not be judged: node.slivers was not known at any time",
    });
  });

  test("a value is not known when the process that gave it has ended", () => {
    const back = [[1.5, "service.log", slivers("a")], ...restart(5, 6), [7, "service.log", slivers("a")]] as const;
    expect(judged(expectation("always size(node.slivers) == 1"), usualStory(...back)).verdict).toBe("pass");
    const gone = usualStory([5, "service.log", slivers("a")], [6, "service.exit"]);
    expect(judged(expectation("at_end size(node.slivers) == 1"), gone).verdict).toBe("unknown");
  });

  test("what can't be computed is unknown, with the reason", () => {
    expect(outcome(judged(expectation("always 10 / node.restarts > 1"), usualStory()))).toMatchObject({
      verdict: "unknown",
      reason: "it could not be computed: division by zero",
    });
  });

  test("a warning changes no verdict", () => {
    const plan = sketchPlan({ expect: [expectation("never node.exited", { severity: "warn" })] });
    const judgement = judge(plan, usualStory(...restart(5, 6)));
    expect(judgement.verdict).toBe("pass");
    expect(judgement.findings.map(({ verdict }) => verdict)).toContain("warn");
  });
});

describe("eventually", () => {
  const back = expectation("eventually size(node.slivers) == 2", { within: 5000 });

  test("counts from the moment that the last fault was lifted", () => {
    const history = usualStory(
      [4, "service.log", slivers("a")],
      [14.9, "service.log", slivers("a", "b")],
      endingAt(16),
    );
    expect(outcome(judged(back, history))).toEqual({
      verdict: "pass",
      reason: "it became true after 4.9s",
      at: 14_900,
    });
  });

  test("fails at the deadline, not before it and not after it", () => {
    const history = usualStory([15.1, "service.log", slivers("a", "b")], endingAt(16));
    expect(outcome(judged(back, history))).toEqual({
      verdict: "fail",
      reason: "it did not become true within 5s after the last fault was lifted",
      at: 15_000,
    });
  });

  test("what was true only before the fault does not count", () => {
    const history = usualStory(
      [2.5, "service.log", slivers("a", "b")],
      [3.2, "service.log", slivers("a")],
      endingAt(16),
    );
    expect(judged(back, history).verdict).toBe("fail");
  });

  test("is unknown if the run ended before the deadline, and the run is told how long to go on", () => {
    expect(outcome(judged(back, usualStory()))).toEqual({
      verdict: "unknown",
      reason: "the run ended before the 5s that it had were over",
      at: 13_000,
    });
    const unfinished = usualStory().slice(0, -1);
    const met = expectation("eventually node.alive", { within: 5000 });
    expect(pendingUntil(sketchPlan({ expect: [back] }), unfinished, 13_500)).toBe(15_000);
    expect(pendingUntil(sketchPlan({ expect: [back] }), unfinished, 15_000)).toBeUndefined();
    expect(pendingUntil(sketchPlan({ expect: [met] }), unfinished, 13_500)).toBeUndefined();
  });

  test("with `during`, counts from the beginning of the phase", () => {
    const fetched = expectation("eventually node.fetches", { within: 2000, during: "storm" });
    expect(judged(fetched, usualStory([3.9, "service.log", fetch])).verdict).toBe("pass");
    expect(outcome(judged(fetched, usualStory([4.1, "service.log", fetch])))).toEqual({
      verdict: "fail",
      reason: "it did not become true within 2s after storm began",
      at: 4000,
    });
  });
});

describe("whenever", () => {
  test("holds if the answer comes in time, each time", () => {
    expect(outcome(judged(follows(), usualStory(...restart(4, 4.5), ...restart(6, 7))))).toEqual({
      verdict: "pass",
      reason: "it was so on 2 occasions",
    });
  });

  test("is broken by one late answer, at the occasion that had none", () => {
    expect(outcome(judged(follows(), usualStory(...restart(4, 4.5), ...restart(6, 7.5))))).toEqual({
      verdict: "fail",
      reason: "node.ready did not follow within 1s on 1 of 2 occasions",
      at: 6000,
    });
  });

  test("tolerates a number or a share of misses", () => {
    const history = usualStory(...restart(4, 4.5), ...restart(6, 7.5), ...restart(8, 8.2), ...restart(9, 9.2));
    expect(judged(follows({ tolerate: { count: 1 } }), history).verdict).toBe("pass");
    expect(judged(follows({ tolerate: { share: 0.25 } }), history).verdict).toBe("pass");
    expect(judged(follows({ tolerate: { share: 0.2 } }), history).verdict).toBe("fail");
  });

  test("a condition counts each time that it becomes true", () => {
    const rising = expectation("whenever !node.alive then node.ready", { within: 1000 });
    expect(outcome(judged(rising, usualStory(...restart(4, 4.5))))).toEqual({
      verdict: "pass",
      reason: "it was so on the one occasion",
    });
    expect(judged(rising, usualStory(...restart(4, 5.5))).verdict).toBe("fail");
  });

  test("an answer that was there already counts, one that came before does not", () => {
    const already = expectation("whenever node.fetches then node.alive", { within: 0 });
    expect(judged(already, usualStory([5, "service.log", fetch])).verdict).toBe("pass");
    const event = expectation("whenever node.exits then node.fetches", { within: 1000 });
    expect(judged(event, usualStory([4, "service.log", fetch], [5, "service.exit"])).verdict).toBe("fail");
  });

  test("an answer that the history has no time for is unknown, and the run is told how long to go on", () => {
    const history = usualStory([12.5, "service.exit"]);
    expect(judged(follows(), history).verdict).toBe("unknown");
    expect(pendingUntil(sketchPlan({ expect: [follows()] }), history.slice(0, -1), 13_000)).toBe(13_500);
  });

  test("an occasion that comes after the last phase is not waited for: one that came before the other's time was over would keep the run for ever", () => {
    const twice: readonly Told[] = [
      [12.5, "service.exit"],
      [13.2, "service.start"],
      [13.4, "service.ready"],
      [13.45, "service.exit"],
    ];
    const plan = sketchPlan({ expect: [follows()] });
    const history = usualStory(...twice).slice(0, -1);
    expect(pendingUntil(plan, history, 13_450)).toBeUndefined();
    expect(outcome(judged(follows(), usualStory(...twice)))).toMatchObject({ verdict: "pass" });
    const answered = usualStory(...twice, [13.9, "service.start"], [14, "service.ready"]);
    expect(outcome(judged(follows(), answered))).toMatchObject({ verdict: "pass", reason: "it was so on 2 occasions" });
    const missed = usualStory(...twice, [15, "service.start"]);
    expect(outcome(judged(follows(), missed))).toMatchObject({ verdict: "fail" });
  });

  test("is unknown if there was no occasion, unless that is fine", () => {
    const reason = "there was no occasion: nothing was tested";
    expect(judged(follows(), usualStory())).toMatchObject({ verdict: "unknown", reason });
    expect(judged(follows({ may_miss: true }), usualStory())).toMatchObject({ verdict: "pass" });
  });
});

describe("at_end and sometimes", () => {
  test("at_end looks at the last moment of the run", () => {
    expect(judged(expectation("at_end node.alive"), usualStory()).verdict).toBe("pass");
    expect(judged(expectation("at_end node.alive"), usualStory([12.9, "service.exit"])).verdict).toBe("fail");
  });

  test("sometimes that never was is unknown, not pass", () => {
    expect(judged(expectation('sometimes fault("drip").hits > 0'), usualStory()).verdict).toBe("pass");
    expect(outcome(judged(expectation("sometimes node.restarts > 0"), usualStory()))).toEqual({
      verdict: "unknown",
      reason: "it was never so: what it stands for was not tested",
      at: 13_000,
    });
  });

  test("sometimes counts in the warm-up as well", () => {
    expect(judged(expectation("sometimes node.exits"), usualStory([1.5, "service.exit"])).verdict).toBe("pass");
  });
});

describe("what every plan expects without saying so", () => {
  test("a run in which all goes well passes", () => {
    expect(verdictOn(sketchPlan(), usualStory())).toEqual({ verdict: "pass", findings: [] });
  });

  test("a fault that never hit makes the verdict unknown, unless it may miss", () => {
    const history = without(usualStory(), "fault.hit");
    expect(verdictOn(sketchPlan(), history)).toEqual({
      verdict: "unknown",
      findings: [{ expectation: "step drip hits", reason: "step drip (tcp.drip) hit nothing" }],
    });
    const faults = [sketchStep("drip", { may_miss: true })];
    expect(verdictOn(sketchPlan({ phases: [{ name: "storm", for: 10_000, faults }] }), history).verdict).toBe("pass");
  });

  test("so does a step that never came", () => {
    const history = usualStory().filter((event) => !("step" in event));
    expect(verdictOn(sketchPlan(), history).findings).toEqual([
      { expectation: "step drip hits", reason: "step drip (tcp.drip) was never injected" },
    ]);
  });

  test("a warm-up that times out is unknown, for nothing was tested", () => {
    const history = story(
      [0.5, "service.start"],
      [1, "phase.begin", { phase: "warm-up" }],
      [11, "phase.end", { phase: "warm-up", outcome: "timeout" }],
      [11, "run.end"],
    );
    const expected = [expectation("never !node.ready"), expectation("eventually node.ready", { within: 1000 })];
    expect(verdictOn(sketchPlan({ steady, expect: expected }), history)).toEqual({
      verdict: "unknown",
      findings: [
        {
          expectation: "phase warm-up until steady",
          reason:
            "the system did not become steady within 10s, so that nothing was tested; still not so: always node.ping.age < 2s",
        },
        ...expected.map(({ text }) => ({
          expectation: text,
          reason: "it was not put to the test: the warm-up did not end",
        })),
      ],
    });
  });

  test("a system that does not heal fails, by each steady expectation that is not so", () => {
    const history = usualStory(...pings(0, 5)).map((event) =>
      event.event === "phase.end" && event.phase === "heal" ? { ...event, outcome: "timeout" as const } : event,
    );
    const { verdict, findings } = judge(sketchPlan({ steady }), history);
    expect(verdict).toBe("fail");
    expect(findings.filter((finding) => finding.verdict === "fail")).toEqual([
      expect.objectContaining({
        expectation: "always node.ping.age < 2s",
        name: "answers",
        reason: "the system did not become steady again within 20s",
        evidence: expect.objectContaining({ values: { "node.ping.age": "8s" } }),
      }),
    ]);
  });

  test("trouble is unknown; what broke before it fails, what would break after it does not", () => {
    const trouble = { reason: "node was not ready within 10s", log: ["last words"] };
    const plan = sketchPlan({ expect: [expectation("never node.exited"), expectation("at_end node.alive")] });
    const before = warmedUp([2.5, "service.exit"], [3, "run.trouble", trouble], [4, "run.end"]);
    const after = warmedUp([3, "run.trouble", trouble], [3.1, "service.exit"], [4, "run.end"]);
    expect(judge(plan, before).verdict).toBe("fail");
    expect(judge(plan, after).verdict).toBe("unknown");
  });

  test("an abort is unknown, with its reason", () => {
    const plan = sketchPlan({ expect: [expectation("at_end node.alive")] });
    expect(verdictOn(plan, warmedUp([3, "run.abort", { reason: "node.restarts > 3" }], [4, "run.end"]))).toEqual({
      verdict: "unknown",
      findings: [
        { expectation: "the run is not aborted", reason: "the plan aborts: node.restarts > 3" },
        { expectation: "at_end node.alive", reason: "it was not put to the test: the run ended early" },
      ],
    });
  });

  test("a history that breaks off is unknown", () => {
    expect(verdictOn(sketchPlan(), without(usualStory(), "run.end")).findings).toContainEqual({
      expectation: "the run goes as planned",
      reason: "the history breaks off: the harness did not live to the end of the run",
    });
  });

  test("a harness that was late is unknown, unless it was little against the fault's length", () => {
    expect(verdictOn(sketchPlan(), late(600)).verdict).toBe("pass");
    expect(verdictOn(sketchPlan(), late(800)).findings).toEqual([
      {
        expectation: "step drip on time",
        reason: "step drip (tcp.drip) came 800ms late: this machine is too busy for the plan",
      },
    ]);
  });
});

test("a finding shows what the expression looked at, and what happened around it", () => {
  const history = usualStory(
    ...pings(4, 13),
    [5, "service.exit", { signal: "HUP", code: undefined }],
    [6, "service.start"],
  );
  const { evidence } = judged(expectation("never node.exited || node.ping.count > 1000"), history);
  expect(evidence?.values).toEqual({ "node.exited": "true", "node.ping.count": "3" });
  expect(evidence?.events.map(({ at, event }) => [at, event])).toEqual([
    [3000, "fault.inject"],
    [4000, "probe"],
    [4500, "probe"],
    [5000, "probe"],
    [5000, "service.exit"],
    [5500, "probe"],
    [6000, "probe"],
    [6000, "service.start"],
    [6500, "probe"],
    [7000, "probe"],
  ]);
});

test("evidence leaves out what the expression does not look at", () => {
  const history = usualStory(...pings(0, 13), [5, "service.exit"], [6, "service.start"]);
  const { evidence } = judged(expectation("never node.exited"), history);
  expect(evidence?.events.map(({ event }) => event)).not.toContain("probe");
});
