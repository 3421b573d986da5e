/** A host's own randomness: Chris Doty-Humphrey's sfc32, seeded. Programs draw in sequence; faults never do (they count: faults/random.ts). */
import type { Random } from "./host.ts";

/** Mixes the seed into the state; PractRand's recommendation for sfc32 is 12 or more. */
const roundsToWarmUp = 20;

export function createRandom(seed: number): Random {
  let a = seed >>> 0;
  let b = Math.trunc(seed / 2 ** 32) >>> 0;
  let c = 0x9e3779b9;
  let counter = 1;

  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < roundsToWarmUp; round++) next();

  return {
    number: () => next() / 2 ** 32,
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
  };
}
