/** From what a subject file says of a fault to a fault like any other. */
import { z } from "zod";
import type { DeclaredFault, Order } from "./contract.ts";
import { parameterDocument, schemaOf } from "./parameter.ts";

const word = z.string().regex(/^[a-z][a-z0-9_]*$/, "write a name in lower case, such as share (letters, digits and _)");

/** Under the fault's name, which is its kind behind the subject's: `vanish` of `plc` is `plc.vanish`. */
export const faultDocument = z
  .strictObject({
    about: z.string("write a sentence").min(1, "write a sentence"),
    pulse: z
      .boolean("write true or false")
      .default(false)
      .meta({ description: "It happens at one moment, and has no length." }),
    source: z.string("write a text").optional(),
    missed: z.string("write a sentence").optional().meta({ description: "What may be behind it if it hit nothing." }),
    example: z
      .record(word, z.unknown())
      .default({})
      .meta({ description: "Parameters, as a plan's step may have them." }),
    parameters: z.record(word, parameterDocument).default({}),
  })
  .superRefine(({ parameters, example }, context) => {
    const { error } = parametersOf(parameters).safeParse(example);
    for (const { path, message } of error?.issues ?? [])
      context.addIssue({ code: "custom", path: ["example", ...path], message });
  });
export type FaultDocument = z.output<typeof faultDocument>;

export function createDeclaredFault(kind: string, declared: FaultDocument): DeclaredFault {
  const { about, pulse, source, missed, example, parameters } = declared;
  return {
    plane: "declared",
    kind,
    about: about.trim(),
    pulse,
    ...(source === undefined ? {} : { source }),
    missed:
      missed ??
      `a service tells of each hit by a line of output such as {"event":"fault.hit","fault":"the id it was told"}`,
    example: flow(example),
    parameters: parametersOf(parameters),
    async inject(target, written, { chance, draw, hit, signal }) {
      const order: Order = {
        id: chance.path.join("/"),
        fault: kind,
        parameters: written,
        seed: Math.floor(draw("seed", 0) * 2 ** 32),
      };
      return pulse ? target.pulse(order, hit, signal) : target.inject(order, hit, signal);
    },
  };
}

function parametersOf(declared: FaultDocument["parameters"]): z.ZodObject {
  return z.strictObject(Object.fromEntries(Object.entries(declared).map(([name, each]) => [name, schemaOf(each)])));
}

function flow(example: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(example).map(([name, value]) => `${name}: ${String(value)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}
