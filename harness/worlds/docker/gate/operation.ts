/** One operation of the gate: what it is given is read by the schema that the harness writes it by. */
import type { z } from "zod";
import type { Answer, Operating, Operation } from "../pipe.ts";
import { inputs, type OperationName } from "../operations.ts";

export function operation<Name extends OperationName>(
  name: Name,
  work: (input: z.output<(typeof inputs)[Name]>, operating: Operating) => Promise<Answer | void>,
): Readonly<Record<string, Operation>> {
  const schema: z.ZodType = inputs[name];
  return {
    [name]: async (input, operating) =>
      (await work(schema.parse(input) as z.output<(typeof inputs)[Name]>, operating)) ?? {},
  };
}

/** Of what lasts only if there was something to act on. */
export function lastingIf(lasting: AsyncDisposable | undefined): Answer {
  return { value: lasting !== undefined, lasting };
}
