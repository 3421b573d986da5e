/** The JSON Schema of plans, for editors: draft-07, since the YAML language server reads nothing newer. */
import { z } from "zod";
import { planDocument } from "./document/plan.ts";

/** Byte for byte what `plan.schema.json` has. */
export function renderJsonSchema(): string {
  const schema = z.toJSONSchema(planDocument, { io: "input", target: "draft-7", override: withoutHints });
  const { required: _required, ...rest } = schema;
  // What a file that includes others leaves out, they may say.
  const complete = { anyOf: [{ required: ["plan", "phases"] }, { required: ["include"] }] };
  return `${JSON.stringify({ ...rest, ...complete, title: "A sinbin plan" }, undefined, 2)}\n`;
}

/** What random mixes draw from is said in the parameter's `meta`, and is no matter of an editor. */
function withoutHints({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  delete jsonSchema["strengths"];
  delete jsonSchema.examples;
}
