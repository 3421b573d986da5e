/** The JSON Schema of plans, for editors: draft-07, since the YAML language server reads nothing newer. */
import { z } from "zod";
import { faults } from "../../faults/registry.ts";
import type { Repertoire } from "../../faults/registry.ts";
import { planDocumentOf } from "./document/plan.ts";
import { shared } from "./shared-schema.ts";

function override(context: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  withoutHints(context);
  withDeclared(context);
}

/** Byte for byte what `plan.schema.json` has, unless there are faults that subjects declare: then it knows their parameters. */
export function renderJsonSchema(repertoire: Repertoire = faults): string {
  const schema = z.toJSONSchema(planDocumentOf(repertoire), { io: "input", target: "draft-7", override });
  const { required: _required, ...rest } = schema;
  // What a file that includes others leaves out, they may say.
  const complete = { anyOf: [{ required: ["plan", "phases"] }, { required: ["include"] }] };
  return `${print(shared({ ...rest, ...complete, title: "A sinbin plan" }), "")}\n`;
}

/** What fits on a line stands on one. */
function print(value: unknown, indent: string): string {
  const flat = JSON.stringify(value);
  if (typeof value !== "object" || value === null || indent.length + flat.length <= 120) return flat;
  const inner = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((each) => print(each, inner))
    : Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${print(each, inner)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return `${open}\n${lines.map((line) => inner + line).join(",\n")}\n${indent}${close}`;
}

/** What random mixes draw from is said in the parameter's `meta`, and is no matter of an editor. */
function withoutHints({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  delete jsonSchema["strengths"];
  delete jsonSchema.examples;
}

const planes = [...new Set([...faults.keys()].map((kind) => kind.split(".")[0]))];
/** A fault that is none of ours. Which there are is said beside the daemons that a plan names, where no editor looks. */
const declaredKey = `^(?!(${planes.join("|")})\\.)[a-z][a-z0-9_]*\\.[a-z][a-z0-9_]*$`;

function withDeclared({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (!Array.isArray(jsonSchema.oneOf) || jsonSchema.properties?.["none"] === undefined) return;
  jsonSchema.patternProperties = {
    [declaredKey]: { type: ["object", "null"], description: "A fault that the subject of a service declares." },
  };
  const known = Object.keys(jsonSchema.properties).filter((key) => new RegExp(declaredKey).test(key));
  const other = known.length === 0 ? declaredKey : `^(?!(${known.join("|")})$)${declaredKey.slice(1)}`;
  jsonSchema.oneOf = [...jsonSchema.oneOf, { not: { propertyNames: { not: { pattern: other } } } }];
}
