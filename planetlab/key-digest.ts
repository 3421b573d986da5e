/** A key without the key: who has the same one can tell. */
import { createHash } from "node:crypto";

/** As `ssh-keygen -l` writes it, but of the whole line. */
export function digestOfKey(line: string): string {
  return `SHA256:${createHash("sha256").update(line).digest("base64").replaceAll("=", "")}`;
}
