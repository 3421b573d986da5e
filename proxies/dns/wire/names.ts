/** Names in a message, read through their pointers. RFC 1035, section 4.1.4. */
import { labelText, mostBytesOfLabel, mostBytesOfName } from "../../../faults/dns/name.ts";
import { Malformed } from "./malformed.ts";

export interface ReadName {
  readonly name: string;
  /** Where what is behind it begins. */
  readonly end: number;
}

/** Every pointer must lead to what is before it, so that there is an end to it (RFC 9267, section 2). @throws {Malformed} */
export function readName(bytes: Uint8Array, start: number): ReadName {
  let name = "";
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
    if (at + 1 + first > bytes.length) throw new Malformed(`the name at ${start} is cut off`);
    length += 1 + first;
    if (length > mostBytesOfName) throw new Malformed(`the name at ${start} is longer than ${mostBytesOfName} bytes`);
    if (length > 1 + 1 + first) name += ".";
    name += textOf(bytes, at + 1, at + 1 + first);
    at += 1 + first;
  }
  return { name: length === 1 ? "." : name, end: end ?? at + 1 };
}

/** As `labelText` has it: nearly all labels are plain letters. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte <= 0x20 || byte >= 0x7f || byte === 0x2e || byte === 0x5c) return labelText(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}
