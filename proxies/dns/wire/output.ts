/** The bytes of one message after the other, while it is written; it grows as it has to. Names are compressed as in RFC 1035, section 4.1.4. */
import { labelsOf, labelText } from "../../../faults/dns/name.ts";
import type { Name } from "../../../faults/dns/message.ts";

export interface Output {
  /** Nothing is written yet. */
  clear(): void;
  uint8(value: number): void;
  uint16(value: number): void;
  uint32(value: number): void;
  /** From the first of them, or a later one on. */
  bytes(all: Uint8Array, from?: number): void;
  /** `compresses`: false where nobody reckons with a pointer; another name may point to this one all the same. */
  name(name: Name, compresses?: boolean): void;
  /** What is written from here on has its length in front, in 16 bits. Returns where it begins, for `end`. */
  begin(): number;
  end(start: number): void;
  /** A copy. */
  written(): Uint8Array;
}

/** How far a pointer reaches. */
const mostOffset = 0x3fff;
/** Most messages over UDP fit. */
const firstBytes = 512;
const fewNames = 16;
const [space, dot, backslash, del] = [0x20, 0x2e, 0x5c, 0x7f];

export function createOutput(): Output {
  let buffer = Buffer.allocUnsafe(firstBytes);
  let at = 0;
  /** Where names begin that were written already, by their text: the first few, which are all of most messages, are found sooner one by one. */
  const first: { text: string; at: number }[] = Array.from({ length: fewNames }, () => ({ text: "", at: 0 }));
  const others = new Map<string, number>();
  let names = 0;

  function room(more: number): void {
    if (at + more <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(at + more, 2 * buffer.length));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  }

  function uint8(value: number): void {
    room(1);
    buffer[at] = value;
    at += 1;
  }

  function uint16(value: number): void {
    room(2);
    buffer[at] = value >>> 8;
    buffer[at + 1] = value;
    at += 2;
  }

  function bytes(all: Uint8Array, from = 0): void {
    room(all.length - from);
    // A part of a short one would have memory of its own made for it.
    for (let n = from; n < all.length; n += 1) {
      buffer[at] = all[n] ?? 0;
      at += 1;
    }
  }

  function find(text: string): number | undefined {
    for (let n = 0; n < names && n < fewNames; n += 1) if (first[n]?.text === text) return first[n]?.at;
    return names > fewNames ? others.get(text) : undefined;
  }

  function remember(text: string): void {
    const place = first[names];
    names += 1;
    if (place === undefined) others.set(text, at);
    else {
      place.text = text;
      place.at = at;
    }
  }

  /** Of a name whose text from some label on is this: true if a pointer says all the rest of it. */
  function pointsTo(suffix: string, compresses: boolean): boolean {
    const known = find(suffix);
    if (known === undefined) {
      if (at <= mostOffset) remember(suffix);
      return false;
    }
    if (compresses) uint16(0xc000 | known);
    return compresses;
  }

  function plainName(name: string, compresses: boolean): void {
    for (let start = 0; start < name.length;) {
      if (pointsTo(name.slice(start), compresses)) return;
      const dot = name.indexOf(".", start);
      const end = dot < 0 ? name.length : dot;
      room(1 + end - start);
      buffer[at] = end - start;
      at += 1;
      for (let from = start; from < end; from += 1) {
        buffer[at] = name.charCodeAt(from);
        at += 1;
      }
      start = end + 1;
    }
    uint8(0);
  }

  function name(of: Name, compresses = true): void {
    if (typeof of !== "string") {
      bytes(of);
      return;
    }
    if (isPlain(of)) {
      plainName(of, compresses);
      return;
    }
    const labels = labelsOf(of);
    const texts = labels.map(labelText);
    for (const [n, label] of labels.entries()) {
      if (pointsTo(texts.slice(n).join("."), compresses)) return;
      uint8(label.length);
      bytes(label);
    }
    uint8(0);
  }

  return {
    clear() {
      at = names = 0;
      if (others.size > 0) others.clear();
    },
    uint8,
    uint16,
    uint32(value) {
      uint16(value >>> 16);
      uint16(value & 0xffff);
    },
    bytes,
    name,
    begin() {
      uint16(0);
      return at;
    },
    end(start) {
      const length = at - start;
      buffer[start - 2] = length >>> 8;
      buffer[start - 1] = length;
    },
    written() {
      const copy = Buffer.allocUnsafe(at);
      buffer.copy(copy, 0, 0, at);
      return copy;
    },
  };
}

/** Its labels are what is between its dots: it has no escapes, nothing beyond ASCII, and no dot at its end. */
function isPlain(name: string): boolean {
  let code = dot;
  for (let n = 0; n < name.length; n += 1) {
    code = name.charCodeAt(n);
    if (code <= space || code >= del || code === backslash) return false;
  }
  return code !== dot;
}
