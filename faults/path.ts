/**
 * Which files a fault means: one by its path in the service's directory (in an image: by its absolute path), or several by `*`, which stands for
 * any part of a name.
 */
import { z } from "zod";

const help =
  "write a path within the service's directory, such as state.json or keys/*.pem (a * stands for any part of a name), or within a volume of an image, such as /data/*.rdb";
/** Names that `.` and `..` are not among, with a `/` between two. What begins with `$` or `= ` means something else in a plan. */
const written = /^(?![$=])\/?(?!\.{1,2}(?:\/|$))[^/\0]+(?:\/(?!\.{1,2}(?:\/|$))[^/\0]+)*$/;

export const path = z.string({ error: help }).regex(written, help).meta({ title: "path" });

/** Those of the files that a path means, in their order. */
export function matching(pattern: string, files: readonly string[]): readonly string[] {
  const names = pattern.split("*").map((part) => RegExp.escape(part));
  const whole = new RegExp(`^${names.join("[^/]*")}$`, "s");
  return files.filter((file) => whole.test(file));
}
