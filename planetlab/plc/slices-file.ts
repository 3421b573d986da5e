/**
 * The list of 2004 as a file with its MD5 sum beside it, for who fetches the list only if the sum is another one than that of his own.
 *
 *     GET slices-0.5.xml.md5 ──► the sum of the list that was told last, if nothing has changed since; else of a new one
 *     GET slices-0.5.xml     ──► the list whose sum was told last, likewise; else a new one
 *
 * Each slice in it says when the list was written, so that no two of different seconds have the same sum.
 */
import { createHash } from "node:crypto";
import { legacyDocument, type Told } from "./document.ts";

export interface SlicesFile {
  text(told: Told): string;
  /** In hexadecimal. */
  sum(told: Told): string;
}

/** PLC wrote it anew every five minutes (MyPLC guide). */
const mostAgeSeconds = 300;

export function createSlicesFile(): SlicesFile {
  let last: { readonly text: string; readonly writtenSeconds: number } | undefined;
  let isSummed = false;

  const written = (told: Told): string => {
    last = { text: legacyDocument(told), writtenSeconds: told.stamp.timestampSeconds };
    return last.text;
  };
  const current = (told: Told): string | undefined => {
    if (last === undefined) return undefined;
    const { text, writtenSeconds } = last;
    const age = told.stamp.timestampSeconds - writtenSeconds;
    if (age < 0 || age >= mostAgeSeconds) return undefined;
    const now = legacyDocument({ ...told, stamp: { ...told.stamp, timestampSeconds: writtenSeconds } });
    return now === text ? text : undefined;
  };
  return {
    text(told) {
      const text = isSummed ? current(told) : undefined;
      isSummed = text !== undefined;
      return text ?? written(told);
    },
    sum(told) {
      isSummed = true;
      return createHash("md5")
        .update(current(told) ?? written(told))
        .digest("hex");
    },
  };
}
