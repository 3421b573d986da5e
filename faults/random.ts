/**
 * Counter-based randomness: a number is a pure function of where it is used, `H(seed, …path, n)`, and of nothing else.
 *
 * There is no generator to share and no order of calls: adding, deleting or skipping one decision never shifts another's numbers. A small
 * integer hash (two lanes of MurmurHash3's steps) is plenty for dice, and the same on every machine.
 */

export type PathPart = string | number;

/** The n-th number in [0, 1) of the decision that a path names. */
export function uniform(seed: number, path: readonly PathPart[]): number {
  return finish(hashPath(seed, path));
}

/** Where decisions come from, as plain data: it can be handed to another process, which draws the same. */
export interface Chance {
  readonly seed: number;
  readonly path: readonly PathPart[];
}

export function drawFrom({ seed, path }: Chance): (decision: string, n: number) => number {
  return stream(seed, path);
}

/** The same for many decisions under one path, which is hashed once: `stream(seed, path)(decision, n)` is `uniform(seed, [...path, decision, n])`. */
export function stream(seed: number, path: readonly PathPart[]): (decision: string, n: number) => number {
  const start = hashPath(seed, path);
  const decisions = new Map<string, Lanes>();
  return (decision, n) => {
    let lanes = decisions.get(decision);
    if (lanes === undefined) {
      lanes = absorb(start, decision);
      if (decisions.size < maximumRemembered) decisions.set(decision, lanes);
    }
    return finish(absorb(lanes, n));
  };
}

/** A decision's hash is remembered for speed only; a stream that names them without end must not grow without end. */
const maximumRemembered = 256;

interface Lanes {
  readonly a: number;
  readonly b: number;
}

function hashPath(seed: number, path: readonly PathPart[]): Lanes {
  return path.reduce<Lanes>(absorb, absorb({ a: 0x9e3779b9, b: 0x85ebca6b }, seed));
}

/** Every part begins with a tag and a length, so that ["ab"], ["a", "b"] and [1], ["1"] differ. */
function absorb(lanes: Lanes, part: PathPart): Lanes {
  if (typeof part === "string") {
    let next = mix(lanes, 0x73000000 ^ part.length);
    for (let index = 0; index < part.length; index += 2) {
      next = mix(next, part.charCodeAt(index) | ((part.charCodeAt(index + 1) || 0) << 16));
    }
    return next;
  }
  if (Number.isSafeInteger(part)) return mix(mix(mix(lanes, 0x6e000000), part | 0), Math.floor(part / 0x100000000));
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, part);
  return mix(mix(mix(lanes, 0x66000000), view.getInt32(4)), view.getInt32(0));
}

function mix({ a, b }: Lanes, word: number): Lanes {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  let x = a ^ k;
  x = (x << 13) | (x >>> 19);
  x = (Math.imul(x, 5) + 0xe6546b64) | 0;
  let l = Math.imul(word ^ b, 0x239b961b);
  l = Math.imul((l << 16) | (l >>> 16), 0xab0e9789);
  let y = b ^ l;
  y = (y << 17) | (y >>> 15);
  y = (Math.imul(y + x, 5) + 0x561ccd1b) | 0;
  return { a: x, b: y };
}

function avalanche(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 53 bits, all that a double holds below 1. */
function finish({ a, b }: Lanes): number {
  const high = avalanche((a + b) | 0);
  const low = avalanche((b ^ high) | 0);
  return ((high >>> 5) * 0x4000000 + (low >>> 6)) / 0x20000000000000;
}
