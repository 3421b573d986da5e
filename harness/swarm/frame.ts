/**
 * How a task hands over what came of it: as lines on its standard output, since that is what a swarm brings home from any of its nodes.
 *
 *     sinbin-parcel begin LENGTH SHA256
 *     base64, line by line
 *     sinbin-parcel end
 */
import { createHash } from "node:crypto";

const mark = "sinbin-parcel";
/** Engines cut lines that are longer than 16 KiB. */
const lineLength = 4096;

export function writeFrame(content: Uint8Array): string {
  const bytes = Buffer.from(content);
  const lines = bytes.toString("base64").match(new RegExp(`.{1,${lineLength}}`, "g")) ?? [];
  return [`\n${mark} begin ${bytes.length} ${digestOf(bytes)}`, ...lines, `${mark} end\n`].join("\n");
}

export type Unframed =
  | { readonly type: "whole"; readonly content: Buffer }
  /** Why not. */
  | { readonly type: "cut"; readonly reason: string };

/** From all that a task wrote. */
export function readFrame(output: string): Unframed {
  const lines = output.split("\n").map((line) => line.trimEnd());
  const first = lines.findIndex((line) => line.startsWith(`${mark} begin `));
  if (first < 0) return { type: "cut", reason: "it handed nothing over" };
  const [, length, digest] = /begin (\d+) ([0-9a-f]{64})$/.exec(lines[first] ?? "") ?? [];
  const last = lines.indexOf(`${mark} end`, first);
  const content = Buffer.from(lines.slice(first + 1, last < 0 ? undefined : last).join(""), "base64");
  if (last < 0 || content.length !== Number(length))
    return {
      type: "cut",
      reason: `what it handed over breaks off: ${content.length} of ${length ?? "an unknown number of"} bytes arrived`,
    };
  if (digestOf(content) !== digest)
    return { type: "cut", reason: "what it handed over is damaged: it does not have its digest" };
  return { type: "whole", content };
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
