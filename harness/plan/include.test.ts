/** Plans that take in others. */
import { describe, expect, test } from "vitest";
import { parsePlan } from "./parse.ts";
import { onePhase, parseText, problemsIn, readFrom } from "./plan.testing.ts";

const including = (more: string): string => `plan: p\ninclude: [a.yaml]\n${onePhase}${more}`;

describe("include", () => {
  test("maps merge and lists append, included ones first", async () => {
    const parsed = await parseText(including("services: { b: { command: [b] } }\nexpect: [{ never: b.exited }]\n"), {
      "a.yaml": "services: { a: { command: [a] } }\nexpect: [{ never: a.exited }]\n",
    });
    expect(Object.keys(parsed.services)).toEqual(["a", "b"]);
    expect(parsed.expect.map(({ text }) => text)).toEqual(["never a.exited", "never b.exited"]);
  });

  test("a scalar that was set is changed under override only, where lists are replaced", async () => {
    const library = { "a.yaml": "services: { a: { command: [a], start_timeout: 1s } }\n" };
    expect(await problemsIn(including("services: { a: { start_timeout: 2s } }\n"), library)).toEqual([
      "plan.yaml:5:33 services.a.start_timeout: a.yaml:1 has set this already: write it under override: to change it",
    ]);
    const parsed = await parseText(
      including("override: { services: { a: { start_timeout: 2s, command: [b] } } }\n"),
      library,
    );
    expect(parsed.services["a"]).toMatchObject({ start_timeout: 2000, command: ["b"] });
  });

  test("a problem in an included file is reported there", async () => {
    expect(await problemsIn(including(""), { "a.yaml": "services:\n  a: { comand: [a] }\n" })).toContain(
      "a.yaml:2:8 services.a.comand: there is no key comand here: did you mean command?",
    );
  });

  test("a missing file, a circle and a wrong list are problems where they are written", async () => {
    expect(await problemsIn(including(""))).toEqual(["plan.yaml:2:11 include: a.yaml: there is no such file"]);
    expect(
      await problemsIn(including(""), { "a.yaml": "include: [./b.yaml]\n", "b.yaml": "include: [a.yaml]\n" }),
    ).toEqual(["b.yaml:1:11 include: a.yaml includes this file again: take one of the two out"]);
    expect(await problemsIn(`plan: p\ninclude: a.yaml\n${onePhase}`)).toContain(
      "plan.yaml:2:10 include: write a list of files, such as [../lib/one-node.yaml]",
    );
  });

  test("a file that is included on two ways is read once", async () => {
    const parsed = await parseText(`plan: p\ninclude: [b.yaml, c.yaml]\n${onePhase}`, {
      "a.yaml": "expect: [{ never: run.time > 1h }]\n",
      "b.yaml": "include: [a.yaml]\nservices: {}\n",
      "c.yaml": "include: [a.yaml]\nlinks: {}\n",
    });
    expect(parsed.expect).toHaveLength(1);
  });

  test("paths count from the file that they are written in", async () => {
    const read = readFrom({
      "plans/one/plan.yaml": `plan: p\ninclude: [../lib/a.yaml]\n${onePhase}`,
      "plans/lib/a.yaml": "services: { a: { program: ./a.ts } }\n",
      "plans/lib/a.ts": "",
      "plans/lib/subject.yaml": "subject: a\n",
    });
    const parsed = await parsePlan("plans/one/plan.yaml", read);
    expect(parsed.services["a"]).toMatchObject({ program: "plans/lib/a.ts", subject: { subject: "a" } });
  });
});
