/** Names in a message, read through their pointers. RFC 1035, section 4.1.4. */
import { labelText, mostBytesOfLabel, mostBytesOfName } from "../../../faults/dns/name.ts";
import { Malformed } from "./malformed.ts";

export interface ReadName {
  readonly name: string;
  /** Where what is behind it begins. */
  readonly end: number;
}

/**
 * Where a name is put together, since one text of all its letters is made sooner than one letter after the other. It stays there with its text, as most names
 * are read twice in a row: of a question and its record, or to see whether a query is of any concern, and then for good.
 */
const together = Buffer.alloc(mostBytesOfName);
let itsText = "";
let isTold = true;

function textOf(letters: number): string {
  if (!isTold || itsText.length !== letters) itsText = together.toString("latin1", 0, letters);
  isTold = true;
  return itsText;
}

function putLetter(byte: number, at: number): void {
  if (together[at] === byte) return;
  together[at] = byte;
  isTold = false;
}

/** Every pointer must lead to what is before it, so that there is an end to it (RFC 9267, section 2). @throws {Malformed} */
export function readName(bytes: Uint8Array, start: number): ReadName {
  /** What there is of it: in letters that are themselves, until there are others. */
  let letters = 0;
  let text: string | undefined;
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
    const isFirst = length === 1;
    length += 1 + first;
    if (length > mostBytesOfName) throw new Malformed(`the name at ${start} is longer than ${mostBytesOfName} bytes`);
    const after = text === undefined ? putLabel(bytes, at + 1, at + 1 + first, letters, isFirst) : undefined;
    if (after === undefined) {
      text ??= textOf(letters);
      text += `${isFirst ? "" : "."}${labelText(bytes.subarray(at + 1, at + 1 + first))}`;
    } else letters = after;
    at += 1 + first;
  }
  return { name: length === 1 ? "." : (text ?? textOf(letters)), end: end ?? at + 1 };
}

/** Behind how many letters: as `labelText` has it, if all of them are themselves, which those of nearly all labels are. */
function putLabel(
  bytes: Uint8Array,
  start: number,
  end: number,
  letters: number,
  isFirst: boolean,
): number | undefined {
  let to = letters;
  if (!isFirst) putLetter(0x2e, to++);
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte <= 0x20 || byte >= 0x7f || byte === 0x2e || byte === 0x5c) return undefined;
    putLetter(byte, to++);
  }
  return to;
}
