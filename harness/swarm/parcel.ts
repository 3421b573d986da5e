/** What a task hands over: how sinbin ended there, what it said, and the files that it left. */
import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";

const isBelow = (path: string): boolean =>
  path !== "" && !path.startsWith("/") && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");

const parcelSchema = z.object({
  /** Of the sinbin that ran: another one than at home may mean another thing by the same plan. */
  digest: z.string(),
  exitCode: z.number().nullable(),
  /** By which it was killed. */
  signal: z.string().nullable(),
  /** From its start to its end. */
  seconds: z.number(),
  /** The end of what it wrote. */
  said: z.string(),
  /** Path below its folder for results → content, in base64. */
  files: z.record(z.string().refine(isBelow, "a path that leads elsewhere"), z.string()),
  /** Paths of what there was no room for. */
  leftOut: z.array(z.string()),
});

export type Parcel = z.output<typeof parcelSchema>;

export function packParcel(parcel: Parcel): Uint8Array {
  return gzipSync(JSON.stringify(parcel));
}

/** More than any task may hand over. */
const mostBytes = 512 * 1024 * 1024;

/** @throws {Error} if it is none. */
export function unpackParcel(bytes: Uint8Array): Parcel {
  const text = gunzipSync(bytes, { maxOutputLength: mostBytes }).toString();
  return parcelSchema.parse(JSON.parse(text));
}
