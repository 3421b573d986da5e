import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { renderCatalogue, renderFault } from "./catalogue.ts";
import { faults } from "./registry.ts";
import { unitOf } from "./units.ts";

function parameter(kind: string, name: string): z.ZodType {
  const found = faults.get(kind)?.parameters.shape[name];
  if (found === undefined) throw new Error(`${kind} has no parameter ${name}`);
  return found as z.ZodType;
}

describe("the catalogue", () => {
  test("docs/faults.md is what the registry says", () => {
    const committed = readFileSync(new URL("../docs/faults.md", import.meta.url), "utf8");
    expect(committed, "docs/faults.md is stale: npx sinbin faults --markdown > docs/faults.md").toBe(renderCatalogue());
  });

  test("shows one fault as text of at most 100 columns, with its defaults", () => {
    expect(renderFault("process.signal")).toMatchInlineSnapshot(`
      "process.signal
      A signal, or a storm of them. Signals that arrive before the last one was
      handled are one signal, so a storm needs a gap: 200 at once are handled once.

      Parameters:
        signal  one of HUP, INT, QUIT, USR1, USR2, TERM, KILL, STOP, CONT, PIPE, CHLD; default: required
                the signal, without SIG
        count   count; default: 1
                how many
        gap     duration; default: 0ms
                pause between two signals
        to      one of main, group, tree; default: main
                the service's own process, its whole process group, or all its
                processes

      \`where\` is a service.
      A pulse: it takes no \`for\`.
      Source: signal(7); Muir 2004, 3.5.

      Example:
        - process.signal: { signal: HUP, count: 200, gap: 2ms }
      "
    `);
    for (const kind of faults.keys()) {
      for (const line of renderFault(kind).split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    }
  });

  test("says of each parameter what it takes, words and dates and truths included", () => {
    const shown = renderCatalogue();
    expect(shown).not.toContain("one of …");
    for (const row of [
      "| `time` | date |",
      "| `rotate` | true or false |",
      "| `search` | domains |",
      "| `text` | text |",
    ])
      expect(shown).toContain(row);
  });

  test("every fault says what it is, and every parameter has a description and a unit or a list of words", () => {
    for (const [kind, fault] of faults) {
      expect(kind).toMatch(/^[a-z]+\.[a-z]+(-[a-z]+)*$/);
      expect(fault.kind).toBe(kind);
      expect(fault.about.length).toBeGreaterThan(40);
      for (const [name, schema] of Object.entries(fault.parameters.shape)) {
        expect(schema.description, `${kind} ${name}`).toBeTruthy();
      }
    }
  });

  test("a kind is the path of its file", async () => {
    for (const [kind, fault] of faults) {
      const module = (await import(new URL(`${kind.replace(".", "/")}.ts`, import.meta.url).href)) as Record<
        string,
        unknown
      >;
      expect(Object.values(module)).toContain(fault);
    }
  });

  test("a parameter's unit is seen through its default and its description", () => {
    expect(unitOf(parameter("tcp.latency", "jitter"))?.name).toBe("duration");
    expect(unitOf(parameter("tcp.bandwidth", "rate"))?.name).toBe("rate");
    expect(unitOf(parameter("process.signal", "signal"))).toBeUndefined();
  });
});
