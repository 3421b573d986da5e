import { readFile } from "node:fs/promises";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { byNight } from "../../host/night.testing.ts";
import { planDocument } from "./document/plan.ts";
import { shared } from "./shared-schema.ts";

const text = { type: "string", enum: ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"] };
const only = (key: string, value: object) => ({
  type: "object",
  properties: { [key]: value },
  required: [key],
  additionalProperties: false,
});

describe("a schema in fewer words", () => {
  test("what stands again refers to where it stands first", () => {
    expect(shared({ properties: { x: text, y: { items: text } } })).toEqual({
      properties: { x: text, y: { items: { $ref: "#/properties/x" } } },
    });
  });

  test("names with slashes are escaped, and what is shorter than a reference is written again", () => {
    const short = { type: "null" };
    expect(shared({ properties: { "a/b~": text, y: text, z: short, q: short } })).toEqual({
      properties: { "a/b~": text, y: { $ref: "#/properties/a~1b~0" }, z: short, q: short },
    });
  });

  test("objects with one key each become one object with one key", () => {
    expect(shared({ anyOf: [short, only("a", short), only("b", text)] })).toEqual({
      anyOf: [
        short,
        {
          type: "object",
          properties: { a: short, b: text },
          additionalProperties: false,
          minProperties: 1,
          maxProperties: 1,
        },
      ],
    });
  });

  test.each([
    ["of the same key", [only("a", short), only("a", text)]],
    ["with more keys", [only("a", short), { ...only("b", short), required: [] }]],
  ])("objects %s stay as they are", (_what, anyOf) => {
    expect(shared({ anyOf })).toEqual({ anyOf });
  });

  test("what is said of the whole is not said of its ways, and what is called so stays", () => {
    const properties = { description: { type: "string", description: "d" } };
    expect(
      shared({
        description: "w",
        anyOf: [
          { ...text, description: "w" },
          { properties, description: "o" },
        ],
      }),
    ).toEqual({ description: "w", anyOf: [text, { properties, description: "o" }] });
  });
});

const short = { type: "number" };

describe("the plans of the suites, each of whose values is left out or becomes another one, are judged as by the schema at length", () => {
  const schema = z.toJSONSchema(planDocument, { io: "input", target: "draft-7" });
  const [long, brief] = [compiled(schema), compiled(shared(schema))];

  test.each([
    "2-names/cname-flap-while-primary-dns-is-down",
    ...(byNight ? ["lib/flapping-cname"] : []),
    "3-clocks/time-steps-of-40s",
    "5-one-in-a-million/sighup-storm-during-a-fetch",
  ])("%s", async (name) => {
    const written = parse(await readFile(new URL(`../../suites/${name}.yaml`, import.meta.url), "utf8")) as object;
    // What includes others may leave them out.
    const plan = { plan: "p", phases: [{ name: "a", for: "1s" }], ...written };
    const differ: unknown[] = [];
    let accepted = 0;
    for (const [what, changed] of changes(plan)) {
      const verdict = long(changed);
      if (verdict) accepted += 1;
      if (verdict !== brief(changed)) differ.push(what);
    }
    expect(differ).toEqual([]);
    expect(accepted).toBeGreaterThan(0);
  });
});

function compiled(schema: object) {
  return new Ajv({ strict: false }).compile(schema);
}

const instead: readonly unknown[] = [
  undefined,
  5,
  "5s",
  "1s..2s",
  "$gap",
  "servfail",
  [],
  {},
  { uniform: ["1s", "2s"] },
  { cycle: ["plc.test"] },
  { choice: ["plc.test", { value: "5s" }] },
  { cycle: ["5s"], trace: ["5s"] },
];

/** Whole documents, each with one value changed. */
function* changes(value: unknown, place = ""): Generator<readonly [what: string, changed: unknown]> {
  for (const other of instead) yield [`${place} = ${JSON.stringify(other)}`, other];
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value))
    for (const [what, changed] of changes(inner, `${place}/${key}`)) {
      const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...value };
      if (changed === undefined && !Array.isArray(copy)) delete (copy as Record<string, unknown>)[key];
      else (copy as Record<string, unknown>)[key] = changed;
      yield [what, copy];
    }
}
