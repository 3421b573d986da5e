/** Which queries a step means. */
import { z } from "zod";
import type { Transport } from "./contract.ts";
import type { Question } from "./message.ts";
import { fits } from "../pattern.ts";
import { adviceOnType, plainType } from "./types.ts";

/** The keys of `match` that belong to this plane. */
export const questionMatch = {
  qname: z
    .string("write a name, such as plc.test or *.test")
    .min(1, "write a name, such as plc.test or *.test")
    .optional()
    .meta({ description: "The name that is asked for, without a dot at its end; a * stands for anything." }),
  qtype: z
    .string("write a type, such as A or AAAA")
    .regex(/^[A-Z][A-Z0-9-]*$/, {
      error: "write a type in capitals, such as A, AAAA, PTR or TYPE65280",
      abort: true,
    })
    // A type that no question has would match none.
    .superRefine((name, context) => {
      const message = adviceOnType(name);
      if (message !== undefined) context.addIssue({ code: "custom", message });
    })
    .optional()
    .meta({ description: "The type that is asked for: A, AAAA, PTR and so on, or by its number, such as TYPE65280." }),
  proto: z
    .enum(["udp", "tcp"], "write udp or tcp")
    .optional()
    .meta({ description: "How the query came: over udp, or over tcp." }),
};

export type QuestionMatch = z.output<z.ZodObject<typeof questionMatch>>;

export interface Asked {
  readonly question: Pick<Question, "type"> & { readonly name: string };
  readonly transport: Transport;
}

/** Of many questions. */
export function questionMatcher({ qname, qtype, proto }: QuestionMatch): (asked: Asked) => boolean {
  const pattern = qname?.toLowerCase().replace(/(?<=.)\.$/, "");
  const type = qtype === undefined ? undefined : plainType(qtype);
  return ({ question, transport }) => {
    if (type !== undefined && type !== question.type) return false;
    if (proto !== undefined && proto !== transport) return false;
    return pattern === undefined || fits(pattern, question.name.toLowerCase());
  };
}
