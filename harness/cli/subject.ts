/** A subject file by itself, without a plan. */
import { readFile } from "node:fs/promises";
import { PlanError, UsageError } from "../errors.ts";
import type { Problem } from "../errors.ts";
import { parseSubject } from "../plan/files.ts";
import type { Subject } from "../plan/schema.ts";

/** @throws {PlanError, UsageError} */
export async function readSubjectFile(file: string): Promise<Subject> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new UsageError(`there is no file ${file}`, { cause });
  });
  const problems: Problem[] = [];
  const subject = parseSubject(file, bytes, problems);
  if (subject === undefined) throw new PlanError(problems);
  return subject;
}
