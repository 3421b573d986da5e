/**
 * Switching a guard off deletes a check: no code runs only then. So a guard is asked in one of two ways:
 *
 *     if (guards.has("…")) check();                  nothing else, and nothing that only its absence lets pass
 *     guards.has("…") ? checked : plain              where `plain` is nothing at all, or what the guarded way is made of as well;
 *     let x = plain; if (guards.has("…")) x = checked;   so is what a value is before a guard puts another in its place
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const sources = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !/\.(?:test|testing)\.ts$/.test(path))
  .map((path) => ({ path, text: codeIn(readFileSync(join(import.meta.dirname, path), "utf8")) }))
  .filter(({ text }) => text.includes("guards.has("));

function codeIn(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

interface Asked {
  readonly guard: string;
  /** From the question on. */
  readonly rest: string;
  readonly before: string;
}

function askedIn(text: string): readonly Asked[] {
  return [...text.matchAll(/guards\s*\.has\(\s*("[^"]*"|[^)]*)\s*,?\s*\)/g)].map((match) => ({
    guard: match[1] ?? "",
    rest: text.slice(match.index + match[0].length),
    before: text.slice(0, match.index),
  }));
}

/** Up to where it ends at this depth of brackets. */
function upTo(text: string, ends: string): string {
  let depth = 0;
  for (let n = 0; n < text.length; n++) {
    const character = text[n] ?? "";
    if (depth === 0 && ends.includes(character) && text.slice(n, n + 2) !== "=>") return text.slice(0, n);
    if ("([{".includes(character)) depth += 1;
    if (")]}".includes(character)) depth -= 1;
    if (depth < 0) return text.slice(0, n);
  }
  return text;
}

/** What a choice is without the guard; undefined if the question is no choice. */
function plainOf({ rest }: Asked): string | undefined {
  const [, choice] = /^\s*\?(?![.?])([\s\S]*)$/.exec(rest) ?? [];
  if (choice === undefined) return undefined;
  return upTo(choice.slice(upTo(choice, ":").length + 1), ",;\n").trim();
}

/** What a value is that the guard puts another in the place of; undefined if it does not. */
function replacedBy({ before, rest }: Asked): string | undefined {
  const [, name] = /^[^;]*?\)\s*\{?\s*(\w+) = /.exec(rest) ?? [];
  const declared =
    name === undefined ? undefined : before.split(new RegExp(String.raw`\blet ${name}\b[^=;]*= `)).at(-1);
  return declared === undefined || declared === before ? undefined : upTo(declared, ";");
}

const constant = String.raw`(?:undefined|null|true|false|none|nothing|asItIs|Infinity|-?\d+|"[^"]*"|\[\]|\{\})`;

/** It does nothing, or only what is done with the guard, too. */
function isPlain(plain: string, text: string): boolean {
  const body = plain.replace(/^(?:async )?\([^)]*\) => /, "");
  if (new RegExp(`^${constant}$`).test(body)) return true;
  const parameters = /^(?:async )?\(([^)]*)\) =>/.exec(plain)?.[1] ?? "";
  const names = [...body.replaceAll(/"[^"]*"/g, "").matchAll(/(?<![.\w])[A-Za-z_]\w*/g)].map(([name]) => name);
  return names.every((name) => {
    if (new RegExp(String.raw`\b${name}\b`).test(parameters)) return true;
    const all = text.match(new RegExp(String.raw`\b${name}\b`, "g"))?.length ?? 0;
    const declared = new RegExp(String.raw`\b(?:const|let|function|async function)\s+${name}\b`).test(text) ? 1 : 0;
    return all - declared > 1;
  });
}

describe.each(sources)("$path", ({ text }) => {
  const asked = askedIn(text);

  test("asks for guards by name, and never for the absence of one", () => {
    expect(asked.filter(({ guard }) => !guard.startsWith('"')).map(({ guard }) => guard)).toEqual([]);
    expect(asked.filter(({ before }) => /!\s*(?:[\w.]+\.)?$/.test(before)).map(({ guard }) => guard)).toEqual([]);
  });

  test("has nothing to do otherwise: no else, and no return before what then runs only without the guard", () => {
    const wrong = asked.filter(({ rest, before }) => {
      // Where the guard is one condition of several, what follows runs with it as well.
      const alone = /\bif \((?:[\w.]+\.)?$/.test(before) && /^\s*\)/.test(rest);
      const then = rest.replace(/^\s*\)\s*/, "");
      const statement = then.startsWith("{") ? `{${upTo(then.slice(1), "")}}` : `${upTo(then, ";")};`;
      const after = then.slice(statement.length).trimStart();
      return alone && (after.startsWith("else") || (/^(?:return|throw)\b/.test(then) && !after.startsWith("}")));
    });
    expect(wrong.map(({ guard }) => guard)).toEqual([]);
  });

  test("does nothing in a guard's place that is not done with it as well", () => {
    const plains = asked.flatMap((each) =>
      [plainOf(each), replacedBy(each)].map((plain) => ({ guard: each.guard, plain })),
    );
    expect(plains.filter(({ plain }) => plain !== undefined && !isPlain(plain, text))).toEqual([]);
  });
});

test("what it looks for is found", () => {
  const text = `if (guards.has("a")) check(); const b = guards.has("b") ? careful : careless; function careless() {}`;
  const [, choice] = askedIn(text);
  const plain = choice === undefined ? "" : (plainOf(choice) ?? "");
  expect(plain).toBe("careless");
  expect(isPlain(plain, text)).toBe(false);
  expect(isPlain(plain, `${text} const careful = () => { check(); careless(); };`)).toBe(true);

  const own = `let now = clock.wall(); if (guards.has("a")) now = told(); return now;`;
  const [replaced] = askedIn(own).map(replacedBy);
  expect(replaced).toBe("clock.wall()");
  expect(isPlain(replaced ?? "", own)).toBe(false);
  expect(isPlain(replaced ?? "", `${own} log(clock.wall());`)).toBe(true);
});
