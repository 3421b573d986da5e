/** Names in a message: read through their pointers, and written with them. RFC 1035, section 4.1.4. */
import { labelsOf, labelText, mostBytesOfLabel, mostBytesOfName } from "../../../faults/dns/name.ts";
import type { Name } from "../../../faults/dns/message.ts";
import { Malformed } from "./malformed.ts";

export interface ReadName {
  readonly name: string;
  /** Where what is behind it begins. */
  readonly end: number;
}

/** Every pointer must lead to what is before it, so that there is an end to it (RFC 9267, section 2). @throws {Malformed} */
export function readName(bytes: Uint8Array, start: number): ReadName {
  const labels: string[] = [];
  let length = 1;
  let at = start;
  /** Of those labels that are read just now: a pointer leads to before them. */
  let run = start;
  let end: number | undefined;
  for (;;) {
    const first = bytes[at];
    if (first === undefined) throw new Malformed(`the name at ${start} is cut off`);
    if (first === 0) break;
    if (first >= 0xc0) {
      const second = bytes[at + 1];
      if (second === undefined) throw new Malformed(`the name at ${start} is cut off`);
      const target = ((first & 0x3f) << 8) | second;
      if (target >= run) throw new Malformed(`the name at ${start} has a pointer to ${target}, which is not before it`);
      end ??= at + 2;
      at = run = target;
      continue;
    }
    if (first > mostBytesOfLabel) throw new Malformed(`the name at ${start} has a label of type ${first >> 6}`);
    const label = bytes.subarray(at + 1, at + 1 + first);
    if (label.length < first) throw new Malformed(`the name at ${start} is cut off`);
    length += 1 + first;
    if (length > mostBytesOfName) throw new Malformed(`the name at ${start} is longer than ${mostBytesOfName} bytes`);
    labels.push(labelText(label));
    at += 1 + first;
  }
  return { name: labels.length === 0 ? "." : labels.join("."), end: end ?? at + 1 };
}

/** How far a pointer reaches. */
const mostOffset = 0x3fff;

/** Where names begin that were written already, by their text. */
export type Written = Map<string, number>;

/** `compresses`: false where nobody reckons with a pointer; another name may point to this one all the same. */
export function writeName(name: Name, at: number, written: Written, compresses = true): readonly number[] {
  if (typeof name !== "string") return [...name];
  const labels = labelsOf(name);
  const texts = labels.map(labelText);
  const bytes: number[] = [];
  for (const [n, label] of labels.entries()) {
    const suffix = texts.slice(n).join(".");
    const known = written.get(suffix);
    if (known === undefined) {
      if (at + bytes.length <= mostOffset) written.set(suffix, at + bytes.length);
    } else if (compresses) return [...bytes, 0xc0 | (known >> 8), known & 0xff];
    bytes.push(label.length & 0xff, ...label);
  }
  return [...bytes, 0];
}
