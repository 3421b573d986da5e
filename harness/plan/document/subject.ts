/** The file beside a subject: what it guards itself with, what can be seen of it, and what it can do wrong when it is told to. */
import { z } from "zod";
import { faultDocument } from "../../../faults/declared/declare.ts";
import { faults } from "../../../faults/registry.ts";
import { ready } from "./service.ts";
import { signalDocument } from "./system.ts";
import { label, name, port, sentence } from "./words.ts";

const planes = new Set([...faults.values()].map(({ plane }) => plane as string));

const control = z.strictObject({
  port: port.meta({ description: "Where it is told of its faults, by HTTP." }),
  path: z.string().regex(/^\//, "write a path that begins with /").default("/faults"),
});

const faultName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, "write a name in lower case, such as first-entry-only (letters, digits and -)");

export const subjectDocument = z
  .strictObject({
    subject: label,
    about: sentence.optional(),
    guards: z
      .record(label, sentence)
      .default({})
      .meta({ description: "Each guard, and what it does in one sentence." }),
    args: z
      .array(z.string())
      .optional()
      .meta({ description: "What plans start it with, before arguments of their own." }),
    ready: ready.optional(),
    signals: z.record(name, signalDocument).default({}),
    control: control.optional(),
    faults: z
      .record(faultName, faultDocument)
      .default({})
      .meta({ description: "What it can do wrong: a plan names `SUBJECT.NAME`." }),
  })
  .superRefine(({ subject, control: told, faults: declared }, context) => {
    if (Object.keys(declared).length === 0) return;
    const complain = (path: string, message: string): void =>
      context.addIssue({ code: "custom", path: [path], message });
    if (told === undefined)
      complain("faults", "write control as well: where it is told of them, such as { port: 8001 }");
    if (planes.has(subject))
      complain("subject", `choose another name: faults of ${subject} are sinbin's own, and this one declares some`);
    else if (!/^[a-z][a-z0-9-]*$/.test(subject))
      complain("subject", "write a name of letters, digits and - alone: its faults are called by it");
  });
