import type { z } from "zod";

/** Where something is not as it should be, and how, in one line: zod's own message is a list in JSON. */
export function wordIssues({ issues }: z.ZodError): string {
  return issues
    .map(({ path, message }) => [path.join("."), message].filter((each) => each !== "").join(": "))
    .join("; ");
}
