/** The file beside a subject: what it guards itself with, and what can be seen of it. */
import { z } from "zod";
import { ready } from "./service.ts";
import { signalDocument } from "./system.ts";
import { label, name, sentence } from "./words.ts";

export const subjectDocument = z.strictObject({
  subject: label,
  about: sentence.optional(),
  guards: z.record(label, sentence).default({}).meta({ description: "Each guard, and what it does in one sentence." }),
  ready: ready.optional(),
  signals: z.record(name, signalDocument).default({}),
});
