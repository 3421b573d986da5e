import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../host/night.testing.ts";
import { ExpressionError, compileExpression, type Bindings, type Scope, type ValueType } from "./expression.ts";

const object = (name: string, members: Readonly<Record<string, ValueType>>): ValueType => ({
  object: name,
  members: new Map(Object.entries(members)),
});

const scope: Scope = {
  variables: new Map<string, ValueType>([
    [
      "node",
      object("node", {
        alive: "bool",
        ping: "event",
        exits: "event",
        slivers: "list",
        rss: "size",
        load: "double",
        loops: "int",
      }),
    ],
    ["plc", object("plc", { slices: "list", reply: "dynamic" })],
    ["period", "duration"],
    ["jitter", "duration"],
    ["mode", "string"],
  ]),
  steps: new Set(["drip", "storm"]),
};

const bindings: Bindings = {
  variables: {
    node: {
      alive: true,
      ping: { count: 2, age: 300, last: { took: 5, code: "ok" } },
      exits: { count: 0, age: 9000, last: undefined },
      slivers: ["s1", "s2"],
      rss: 3 * 1024 * 1024,
      load: 1.5,
      loops: 3,
    },
    plc: { slices: undefined, reply: { nodes: [1, 2] } },
    period: 5000,
    jitter: -20,
    mode: "reload",
  },
  fault: (step) => ({
    active: step === "storm",
    hits: 3,
    started: { count: 1, age: 5, last: {} },
    ended: { count: 0, age: 9000 },
  }),
};

const evaluate = (text: string): unknown => compileExpression(text, scope).evaluate(bindings);

function problemOf(text: string): { readonly message: string; readonly at: string } {
  try {
    compileExpression(text, scope);
  } catch (error) {
    if (error instanceof ExpressionError) return { message: error.message, at: text.slice(error.offset) };
    throw error;
  }
  throw new Error(`no problem was found in ${text}`);
}

describe("what expressions compute", () => {
  test.each<readonly [string, unknown]>([
    ["node.ping.age < 5s", true],
    ["node.ping.age < 250ms", false],
    ["node.ping.age == 0.3s", true],
    ["abs(jitter) * 2 + 1h30m", 5_400_040],
    ["period / 2", 2500],
    ["period * 1.5 - jitter", 7520],
    ["period / jitter", -250],
    ["2 * period", 10_000],
    ["period % 3s", 2000],
    ["-1s < jitter && jitter < 0us", true],
    ["node.rss < 4MiB && node.rss >= 3072KiB", true],
    ["node.rss / 1KiB", 3072],
    ["abs(-3) + node.loops", 6],
    ["node.load * node.loops", 4.5],
    ["node.load > 1", true],
    ["size(node.slivers) == 2", true],
    ["size(node.slivers) == size([1, 2])", true],
    ["node.slivers == ['s1', 's2']", true],
    ['"s1" in node.slivers && !("s3" in node.slivers)', true],
    ["node.slivers.exists(name, name.startsWith('s'))", true],
    ["node.slivers.filter(name, name.endsWith('2'))", ["s2"]],
    ["node.ping.last.code == 'ok' && node.ping.last.took == 5", true],
    ["plc.reply.nodes[1]", 2],
    ['fault("storm").active && !fault("drip").active', true],
    ['fault("storm").hits + fault("storm").started.count', 4],
    ['mode == "12m" ? 1s : 2s', 2000],
    ["true // 5 of these", true],
  ])("%s", (text, value) => {
    expect(evaluate(text)).toEqual(value);
  });

  test("what is not known yet makes the result unknown, unless it does not matter", () => {
    expect(evaluate("size(plc.slices) == 2")).toBeUndefined();
    expect(evaluate("node.exits.last.code == 0")).toBeUndefined();
    expect(evaluate("plc.reply.edges == 1")).toBeUndefined();
    expect(evaluate("size(plc.slices) == 2 || node.alive")).toBe(true);
    expect(evaluate("size(plc.slices) == 2 && !node.alive")).toBe(false);
    expect(compileExpression("node.alive", scope).evaluate({ ...bindings, variables: {} })).toBeUndefined();
  });

  test("what can't be computed is an error, not a value", () => {
    expect(() => evaluate("node.loops / 0 == 1")).toThrow(ExpressionError);
    expect(() => evaluate("period / 0")).toThrow("division by zero");
    expect(() => evaluate("node.slivers[7] == 's'")).toThrow("out of bounds");
  });

  test("the type is known before anything runs", () => {
    const types = ["node.alive", "period", "node.ping", "node.slivers", "1", "1.5", "1B", "mode", "plc.reply"].map(
      (text) => compileExpression(text, scope).type,
    );
    expect(types).toEqual(["bool", "duration", "event", "list", "int", "double", "size", "string", "dynamic"]);
  });

  test("it says what it looks at", () => {
    const { reads } = compileExpression(
      "node.slivers.exists(x, x == mode) && fault( 'storm' ) .hits > 1 && node . ping.age < 5s || node.alive",
      scope,
    );
    expect(reads).toEqual(["node.slivers", "mode", 'fault("storm").hits', "node.ping.age", "node.alive"]);
  });
});

describe("when an expression can change without an event", () => {
  /** What crosses what, and how long it is until then; nothing if its text does not tell. */
  const crossings = (text: string) => {
    const found = compileExpression(text, {
      ...scope,
      variables: new Map([...scope.variables, ["run", run]]),
    }).crossings;
    const now = { ...bindings, variables: { ...bindings.variables, run: { time: 4000 } } };
    return found?.map((crossing) => [crossing.read, crossing.remaining(now)]);
  };
  const run = object("run", { time: "age" });

  test.each([
    ["node.ping.age < 5s", [["node.ping.age", 4700]]],
    ["100ms >= node.ping.age", [["node.ping.age", -200]]],
    [
      "node.ping.age > (period + 1s) * 2 && node.alive || node.exits.age != period",
      [
        ["node.ping.age", 11_700],
        ["node.exits.age", -4000],
      ],
    ],
    ["run.time < 3s || node.ping.count > 4", [["run.time", -1000]]],
    ['fault( "storm" ) . started.age <= 5ms', [['fault("storm").started.age', 0]]],
    ["node.slivers.exists(s, s == mode && node.ping.age < 1s)", [["node.ping.age", 700]]],
    ["node.ping.age < 1s * size(plc.slices)", [["node.ping.age", undefined]]],
    ["node.ping.age < period / (node.loops - 3)", [["node.ping.age", undefined]]],
    ["node.ping.age < node.exits.age", []],
    ["node.alive && node.ping.count == 2", []],
    ["node.ping.last.age == 3", []],
    ["node.ping", []],
  ])("%s", (text, found) => {
    expect(crossings(text)).toEqual(found);
  });

  test.each([
    "abs(node.ping.age - 5s) < 1s",
    "node.ping.age",
    "node.ping.age in [1s, 2s]",
    "node.ping.age < (node.exits.age < 3s ? 1s : 2s)",
    "(node.alive ? node.ping.age : period) < 1s",
    "[node.ping].exists(p, p.age < 3s)",
    "[1s, 2s].exists(limit, node.ping.age < limit)",
    "node.ping.age < period * 1.0123456789012",
  ])("its text does not tell: %s", (text) => {
    expect(crossings(text)).toBeUndefined();
  });
});

describe("what is wrong with an expression, and where", () => {
  test.each([
    ["node.slivvers == []", "slivvers == []", "node has no slivvers: did you mean slivers?"],
    ["nod.alive", "nod.alive", "there is no nod here: did you mean node?"],
    ["node.ping.ages > 1s", "ages > 1s", "node.ping has no ages: did you mean age?"],
    ['fault("strom").hits > 0', '"strom").hits > 0', "there is no step strom: did you mean storm?"],
    ['fault("storm").hit > 0', "hit > 0", 'fault("storm") has no hit: did you mean hits?'],
    ["fault(mode).hits > 0", "fault(mode).hits > 0", 'write the name of a step in quotes, such as fault("storm")'],
    [
      "node.ping.age < 5",
      "5",
      "node.ping.age is a duration and 5 is a bare number: write a duration with its unit, such as 250ms, 3s or 2m",
    ],
    [
      "1h30m < period + 5",
      "5",
      "period is a duration and 5 is a bare number: write a duration with its unit, such as 250ms, 3s or 2m",
    ],
    [
      "node.rss > 64",
      "64",
      "node.rss is a size and 64 is a bare number: write a size in whole bytes with its unit, such as 16B, 64KiB or 2MiB",
    ],
    ["node.rss > 5s", "node.rss > 5s", "> does not fit: node.rss is a size and 5s is a duration"],
    [
      "period > 5sec",
      "5sec",
      "5sec: there is no such unit: write a duration with its unit, such as 250ms, 3s or 2m, or write a size in whole bytes with its unit, such as 16B, 64KiB or 2MiB",
    ],
    [
      "node.exits && node.alive",
      "node.exits && node.alive",
      "node.exits is an event, not a value: use its count, its age or its last value, such as node.exits.count > 0",
    ],
    ["1h < period && node.loops", "node.loops", "node.loops is an int, where a condition (bool) belongs"],
    ["node.alive = true", "= true", "write == to compare"],
    ["node.alive and true", "and true", "write && instead of and"],
    ["node.alive &&", "", "the expression ends too early"],
    [
      "matches(mode, 'x')",
      "matches(mode, 'x')",
      "there is no function matches: there are abs, size, fault, int, double, string",
    ],
    [
      "duration('5s') < period",
      "duration('5s') < period",
      "there is no function duration: there are abs, size, fault, int, double, string",
    ],
    ["size(5) == 1", "size(5) == 1", "size does not take this: 5 is an int"],
    ["_0 < 5s", "_0 < 5s", "_0: a name begins with a letter"],
    ["  ", "  ", "the expression is empty: write a condition such as node.alive"],
    ["(".repeat(100), "(".repeat(68), "the expression is too deep or too long: split it into several"],
  ])("%s", (text, at, message) => {
    expect(problemOf(text)).toEqual({ message, at });
  });

  test("a position after a literal is one of the author's text", () => {
    expect(problemOf("1h30m < 2d && 64KiB < 2MiB && node.slivvers == []").at).toBe("slivvers == []");
  });

  test("an expression that is too long is refused before it is read", () => {
    expect(problemOf(`true${" || true".repeat(1000)}`).message).toBe(
      "the expression has 8004 characters: 2000 are enough",
    );
  });

  test("loops inside loops inside loops are refused", () => {
    const nested = "node.slivers.all(a, node.slivers.all(b, node.slivers.all(c, a == c)))";
    expect(problemOf(nested).message).toBe("all is nested too deep: 2 loops inside each other are enough");
  });

  test("a name that expressions have taken can't be a variable", () => {
    const taken: Scope = { variables: new Map([["list", "bool"]]), steps: new Set() };
    expect(() => compileExpression("true", taken)).toThrow("list is a reserved word");
  });
});

function problemIn(text: string): unknown {
  try {
    compileExpression(text, scope).evaluate(bindings);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("any text", () => {
  const words = fc.constantFrom(
    ..."node plc period jitter mode alive ping exits slivers last age count hits fault abs size x all exists map filter true false null".split(
      " ",
    ),
    ..."5 5s 12m 1h30m 64KiB 1.5 .5s 5x 0x1f 1e3 1e3ms 'storm' \"drip\" 'a b' \"\"\" ''' r'".split(" "),
    ..."( ) [ ] { } . , ? : + - * / % < <= > >= == != ! && || in = ; @ ` \\ _0 é 🙂".split(" "),
  );
  const soup = fc.array(words, { maxLength: 30 }).map((parts) => parts.join(" "));
  const dense = fc.array(words, { maxLength: 30 }).map((parts) => parts.join(""));

  test("gives a result or an ExpressionError with a position in the text", () => {
    fc.assert(
      fc.property(fc.oneof(soup, dense, fc.string({ unit: "binary", maxLength: 60 })), (text) => {
        const problem = problemIn(text);
        expect(problem === undefined || problem instanceof ExpressionError).toBe(true);
        const offset = problem instanceof ExpressionError ? problem.offset : 0;
        expect(offset >= 0 && offset <= text.length).toBe(true);
      }),
      runs(3000),
    );
  });
});
