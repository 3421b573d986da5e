/** Faults that subjects declare, in plans: what is read, and what is said of what is wrong. */
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { createSchedule } from "../schedule/schedule.ts";
import { explain } from "../schedule/explain.ts";
import { renderJsonSchema } from "./json-schema.ts";
import { parseText, problemsIn } from "./plan.testing.ts";
import { repertoireOf } from "./repertoire.ts";
import { repertoireIn } from "./repertoire.ts";

const shop = `
subject: shop
control: { port: 7001 }
faults:
  sold-out:
    about: Some of it is missing.
    example: { share: 50% }
    parameters:
      share: { type: share, default: 100%, description: how much }
      delay: { type: duration, description: how late, optional: true }
      what: { type: string, enum: [tea, coffee], default: tea, description: of what }
      rows: { type: integer, minimum: 1, maximum: 9, default: 1, description: how many }
      name: { type: string, pattern: "^[a-z]+$", default: a, description: whose }
      loud: { type: boolean, default: false, description: whether }
  bell:
    about: It rings.
    pulse: true
    example: { times: 3 }
    parameters: { times: { type: integer, minimum: 1, description: how often } }
`;
const files = { "shop.yaml": shop, "shop.ts": "", "other.yaml": "subject: other\n" };
const services = `
services:
  a: { program: shop.ts, subject: shop.yaml }
  b: { command: [b], subject: other.yaml }
`;
const withSteps = (...steps: readonly string[]): string =>
  `plan: p\n${services}\nphases:\n  - name: storm\n    for: 60s\n    faults:\n${steps.map((step) => `      - ${step}\n`).join("")}`;

test("a step is drawn as any other, with the defaults left to the fault", async () => {
  const plan = await parseText(withSteps("shop.sold_out: { share: 10%..20%, delay: 2s }\n        every: 20s"), files);
  const schedule = createSchedule(plan, { seed: 3 });
  const [step] = schedule.phases[0]?.steps ?? [];
  expect(step?.name).toBe("shop.sold-out");
  expect(step?.occurrences).toHaveLength(3);
  for (const { where, parameters } of step?.occurrences ?? []) {
    expect(where).toEqual(["a"]);
    expect(repertoireIn(plan).get("shop.sold-out")?.parameters.parse(parameters)).toMatchObject({
      delay: 2000,
      rows: 1,
    });
  }
  expect(explain(plan, schedule)).toContain("share: between 10% and 20%");
});

test("a pulse has no length, in the schedule and in its picture", async () => {
  const plan = await parseText(withSteps("shop.bell: { times: 3 }\n        at: 5s"), files);
  const schedule = createSchedule(plan, { seed: 3 });
  expect(schedule.phases[0]?.steps[0]?.occurrences).toMatchObject([{ at: 5000, kind: "shop.bell" }]);
  expect(explain(plan, schedule)).toMatch(/shop.bell\s+·+\|·+/);
});

test("all stands for those services that declare it", async () => {
  const plan = await parseText(withSteps("shop.sold_out: {}\n        where: all"), files);
  expect(plan.phases[0]?.faults[0]?.where).toEqual({ names: ["a"], count: 1 });
});

test.each([
  ["shop.sold_aut: {}", "there is no fault called shop.sold_aut: did you mean shop.sold_out?"],
  ["hotel.full: {}", "there is no fault called hotel.full: no subject of a service declares it"],
  ["shop.sold_out: { share: 5 }", "share: write a share from 0% to 100%, such as 5%"],
  ["shop.sold_out: { shares: 5% }", "there is no key shares here: did you mean share?"],
  ["shop.sold_out: { what: milk }", "what: write one of tea, coffee"],
  ["shop.sold_out: { rows: 10 }", "rows: write a whole number of 1 or more, up to 9"],
  ["shop.sold_out: { name: A }", "name: write a text that matches ^[a-z]+$"],
  ["shop.sold_out: { loud: 1 }", "loud: write true or false"],
  ["shop.bell: {}", "times: this is missing: write a whole number of 1 or more"],
  ["shop.bell: { times: 1 }\n        for: 3s", "leave out for: shop.bell happens at one moment"],
  ["shop.sold_out: {}\n        where: b", "the subject of b declares no shop.sold-out: there are a whose subject does"],
  ["shop.sold_out: {}\n        where: c", "there is no service c"],
  ["shop.sold_out: {}\n        first: 2", "leave out first: it chooses connections"],
  ["choose: [{ shop.sold_out: {} }, { process.kill: {} }]", "write faults of one plane in one step"],
])("%j: %s", async (step, message) => {
  expect(await problemsIn(withSteps(step), files)).toEqual([expect.stringContaining(message)]);
});

describe("a subject file says what is wrong with its faults", () => {
  test.each([
    ["subject: shop\nfaults: { a: { about: x } }", "faults: write control as well"],
    [
      "subject: tcp\ncontrol: { port: 1 }\nfaults: { a: { about: x } }",
      "subject: choose another name: faults of tcp are",
    ],
    ["subject: shop\ncontrol: { port: 1 }\nfaults: { A: { about: x } }", "faults.A: write a name in lower case"],
    ["subject: shop\ncontrol: { port: 1 }\nfaults: { a: {} }", "faults.a.about: this is missing: write a sentence"],
    [shop.replace("times: 3", "times: 0"), "faults.bell.example.times: write a whole number of 1 or more"],
    [shop.replace("default: 100%", "default: 3"), "faults.sold-out.parameters.share.default: write a share"],
    [shop.replace("type: share", "type: shares"), "parameters.share.type: write one of string, integer"],
    [
      shop.replace("type: duration", "type: duration, minimum: 1"),
      "minimum: leave out minimum: it is not for type: duration",
    ],
    [shop.replace("default: 100%", "default: 100%, optional: true"), "optional: leave out optional: it has a default"],
  ])("%#", async (text, message) => {
    const problems = await problemsIn(`plan: p\n${services}\nphases: [{ name: s, for: 1s }]\n`, {
      ...files,
      "shop.yaml": text,
    });
    expect(problems[0]).toContain("shop.yaml:");
    expect(problems[0]).toContain(message);
  });

  test("two subjects of one name that declare different things are told apart by nobody", async () => {
    const plan = withSteps("shop.bell: { times: 1 }\n        where: a").replace("other.yaml", "second.yaml");
    const second = shop.replace("It rings.", "It rings twice.");
    expect(await problemsIn(plan, { ...files, "second.yaml": second })).toEqual([
      expect.stringContaining("services.b: its subject is called shop as that of a, and declares other faults"),
    ]);
  });
});

const schemaOf = (text: string) => new Ajv({ strict: false }).compile(JSON.parse(text) as object);

test("the JSON Schema lets them pass, and one that knows the subject looks at their parameters", async () => {
  const plan = await parseText(withSteps("shop.bell: { times: 1 }"), files);
  const subject = plan.services["a"]?.subject;
  const plain = schemaOf(renderJsonSchema());
  const knowing = schemaOf(renderJsonSchema(repertoireOf(subject === undefined ? [] : [subject])));
  const both = (step: string): readonly boolean[] => [plain, knowing].map((each) => each(parse(withSteps(step))));
  expect(both("shop.bell: { times: 1 }")).toEqual([true, true]);
  expect(both("shop.bell: { times: 0 }")).toEqual([true, false]);
  expect(both("shop.bell: { times: 1 }\n        tcp.reset: {}")).toEqual([false, false]);
  expect(both("tcp.bell: {}")).toEqual([false, false]);
  expect(both("hotel.full: {}")).toEqual([true, true]);
  expect(both("choose: [{ shop.bell: { times: 1 } }, { none: {} }]")).toEqual([true, true]);
});
