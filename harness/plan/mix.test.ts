import { expect, test } from "vitest";
import { parseText, problemsIn, twoServices } from "./plan.testing.ts";

const withMix = (mix: string): string => `plan: p\n${twoServices}\nmix: ${mix}\nphases: [{ name: storm, for: 60s }]\n`;

test("a mix is bounded by at most three at a time, and no less than full strength, unless the plan says so", async () => {
  expect((await parseText(withMix("{}"))).mix).toEqual({ at_most: 3, strength: 1 });
  expect((await parseText(withMix("{ where: [fetch], at_most: 1, strength: 25% }"))).mix).toEqual({
    where: ["fetch"],
    at_most: 1,
    strength: 0.25,
  });
});

test("a mix that names what is not there says what is", async () => {
  expect(await problemsIn(withMix("{ faults: [tcp.latensy, proces.*], where: [fetsh], at_most: 3.5 }"))).toEqual([
    "plan.yaml:9:17 mix.faults[0]: there is no fault called tcp.latensy: did you mean tcp.latency?",
    "plan.yaml:9:30 mix.faults[1]: there is no fault called proces.*: did you mean process.*?",
    "plan.yaml:9:49 mix.where[0]: there is no service or link fetsh: did you mean fetch?",
    "plan.yaml:9:66 mix.at_most: write a whole number, such as 3",
  ]);
});
