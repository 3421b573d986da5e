/**
 * What a world makes the system refuse to one program: a small JSON file, which it replaces by rename. Without it nothing is refused.
 *
 *     { "disk": "ENOSPC" | "EROFS", "processes": 5 }
 */
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";

const controlSchema = z.strictObject({
  disk: z.enum(["ENOSPC", "EROFS"]).optional(),
  /** How many processes there may be, the program itself included. */
  processes: z.number().optional(),
});
export type Control = z.output<typeof controlSchema>;

/** The limits as they are now. */
export function readControl(path: string | undefined): Control {
  // Most of the time there is none, and an error would cost more than a look.
  if (path === undefined || statSync(path, { throwIfNoEntry: false }) === undefined) return {};
  return controlSchema.parse(JSON.parse(readFileSync(path, "utf8")));
}
