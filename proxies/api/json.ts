/**
 * The first JSON value of a text, as Go's decoder reads it: what follows is ignored, numbers keep their spelling (`1.0` is no integer), and keys
 * their order and doubles. Nesting is bounded, so that no body can exhaust the stack.
 */
import { badBody } from "./errors.ts";

export type Json =
  | { readonly type: "null" }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  /** As it was spelt. */
  | { readonly type: "number"; readonly value: string }
  | { readonly type: "array"; readonly value: readonly Json[] }
  | { readonly type: "object"; readonly value: readonly (readonly [string, Json])[] };

const deepest = 1000;
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const spacePattern = /[ \t\r\n]*/y;
// oxlint-disable-next-line no-control-regex -- they are what JSON forbids
const stringPattern = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;

/** @throws {ApiError} 400, in Go's words. */
export function parseFirst(text: string): Json {
  let at = 0;

  function match(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  }

  function skipSpace(): void {
    match(spacePattern);
  }

  function wrong(where: string): Error {
    if (at >= text.length) return badBody("unexpected EOF");
    return badBody(`invalid character ${quoted(text[at] ?? "")} ${where}`);
  }

  function literal(word: string, value: Json): Json {
    for (const letter of word) {
      if (text[at] !== letter) throw wrong(`in literal ${word} (expecting ${quoted(letter)})`);
      at += 1;
    }
    return value;
  }

  function string(): string {
    const found = match(stringPattern);
    if (found !== undefined) return JSON.parse(found) as string;
    // What is wrong with it is somewhere behind its beginning, unless it only ends too early.
    const [rest = ""] = /^"(?:[^"\\]|\\.)*/su.exec(text.slice(at)) ?? [];
    if (at + rest.length >= text.length) throw badBody("unexpected EOF");
    throw badBody("invalid character in string literal");
  }

  function array(depth: number): Json {
    at += 1;
    const value: Json[] = [];
    skipSpace();
    if (text[at] === "]") {
      at += 1;
      return { type: "array", value };
    }
    for (;;) {
      value.push(any(depth + 1));
      skipSpace();
      const mark = text[at];
      if (mark !== "," && mark !== "]") throw wrong("after array element");
      at += 1;
      if (mark === "]") return { type: "array", value };
    }
  }

  function object(depth: number): Json {
    at += 1;
    const value: (readonly [string, Json])[] = [];
    skipSpace();
    if (text[at] === "}") {
      at += 1;
      return { type: "object", value };
    }
    for (;;) {
      skipSpace();
      if (text[at] !== '"') throw wrong("looking for beginning of object key string");
      const key = string();
      skipSpace();
      if (text[at] !== ":") throw wrong("after object key");
      at += 1;
      value.push([key, any(depth + 1)]);
      skipSpace();
      const mark = text[at];
      if (mark !== "," && mark !== "}") throw wrong("after object key:value pair");
      at += 1;
      if (mark === "}") return { type: "object", value };
    }
  }

  function any(depth: number): Json {
    if (depth > deepest) throw badBody("exceeded max depth");
    skipSpace();
    switch (text[at] ?? "") {
      case "{":
        return object(depth);
      case "[":
        return array(depth);
      case '"':
        return { type: "string", value: string() };
      case "t":
        return literal("true", { type: "bool", value: true });
      case "f":
        return literal("false", { type: "bool", value: false });
      case "n":
        return literal("null", { type: "null" });
      default: {
        const value = match(numberPattern);
        if (value !== undefined) return { type: "number", value };
        throw wrong("looking for beginning of value");
      }
    }
  }

  skipSpace();
  if (at >= text.length) throw badBody("EOF");
  return any(0);
}

function quoted(character: string): string {
  return character === "'" ? String.raw`'\''` : `'${character}'`;
}
