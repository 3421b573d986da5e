/** What is no evidence, since the harness itself stood still. */
import { describe, expect, test } from "vitest";
import { judge } from "./judge.ts";
import {
  expectation,
  follows,
  judged,
  outcome,
  pings,
  sketchPlan,
  steady,
  usualStory,
  verdictOn,
  type Told,
} from "./judge.testing.ts";

describe("a harness that stood still", () => {
  const stall: Told = [8, "run.late", { by: 3000 }];

  test("makes the verdict unknown, and says when and for how long", () => {
    const { verdict, findings } = judge(sketchPlan(), usualStory(stall));
    expect(verdict).toBe("unknown");
    expect(findings).toContainEqual({
      verdict: "unknown",
      expectation: "the harness keeps time",
      reason: "the harness itself stood still for 3s: what happened then nobody saw, and nothing was passed on",
      at: 5000,
    });
  });

  test("for no longer than a fault may be late, does not", () => {
    expect(verdictOn(sketchPlan(), usualStory([8, "run.late", { by: 500 }])).verdict).toBe("pass");
  });

  test("while services were started has withheld nothing: nobody had been put to the test", () => {
    const before: Told = [0.9, "run.late", { by: 800 }];
    expect(verdictOn(sketchPlan(), usualStory(before)).verdict).toBe("pass");
    expect(verdictOn(sketchPlan(), usualStory([1.1, "run.late", { by: 800 }])).verdict).toBe("unknown");
  });

  test("does not let anything fail by what broke only then", () => {
    const broken = usualStory(stall, [5.5, "service.exit"], [8.9, "service.start"]);
    const history = usualStory(stall, [8.5, "service.exit"], [8.5, "service.start"], [8.7, "service.ready"]);
    const unanswered = usualStory(stall, [7.9, "service.exit"], [7.9, "service.start"], [9.5, "service.ready"]);
    const within = { within: 1900, during: "drip" };
    const told = "it can't be told: the harness itself stood still around then";
    expect(judged(expectation("always node.alive"), broken)).toMatchObject({ verdict: "unknown", reason: told });
    expect(judged(expectation("always node.alive", { for: 1000 }), broken).verdict).toBe("unknown");
    expect(judged(expectation("never node.exits"), history).verdict).toBe("unknown");
    expect(judged(follows(), unanswered).verdict).toBe("unknown");
    expect(judged(expectation("eventually node.fetches", within), usualStory(stall)).verdict).toBe("fail");
    expect(judged(expectation("eventually node.fetches", { ...within, within: 3000 }), usualStory(stall)).verdict).toBe(
      "unknown",
    );
    const atTheEnd = usualStory([12, "run.late", { by: 3000 }], [11, "service.exit"]);
    expect(judged(expectation("at_end node.alive"), atTheEnd).verdict).toBe("unknown");
  });

  test("excuses nothing that broke before or after it", () => {
    const long = usualStory(stall, [5.5, "service.exit"], [9.5, "service.start"]);
    expect(outcome(judged(expectation("always node.alive"), long))).toEqual({
      verdict: "fail",
      reason: "it was not true for 500ms",
      at: 9000,
    });
    const exits = usualStory(stall, [4, "service.exit"], [4, "service.start"], [7, "service.exit"]);
    expect(outcome(judged(expectation("never node.exits"), exits))).toMatchObject({ verdict: "fail", at: 4000 });
  });

  test("is no evidence that the system does not heal", () => {
    const history = usualStory(...pings(0, 5), [12.5, "run.late", { by: 3000 }]).map((event) =>
      event.event === "phase.end" && event.phase === "heal" ? { ...event, outcome: "timeout" as const } : event,
    );
    expect(judge(sketchPlan({ steady }), history).verdict).toBe("unknown");
  });
});
