/**
 * RSA (RFC 8017) as far as signing tickets goes, from bytes that the host draws: Node's own keys are drawn from the machine, and a run that is played again would
 * have others. It guards nothing but a mock's tickets.
 */
import { createHash } from "node:crypto";

export interface RsaKey {
  readonly modulus: bigint;
  readonly exponent: bigint;
  readonly secret: bigint;
}

const primeBits = 512;
const exponent = 65_537n;
/** Composite numbers pass with a probability below 4^-20. */
const rounds = 20;
/** DER of `DigestInfo` for SHA-256 (RFC 8017, section 9.2). */
const sha256Prefix = Buffer.from("3031300d060960864801650304020105000420", "hex");

export function generateKey(bytes: (length: number) => Uint8Array): RsaKey {
  for (;;) {
    const [one, other] = [generatePrime(bytes), generatePrime(bytes)];
    const order = (one - 1n) * (other - 1n);
    if (one !== other && order % exponent !== 0n)
      return { modulus: one * other, exponent, secret: inverse(exponent, order) };
  }
}

/** RSASSA-PKCS1-v1_5 with SHA-256. */
export function sign(message: Uint8Array, { modulus, secret }: RsaKey): Buffer {
  const length = bytesOf(modulus).length;
  const digest = Buffer.concat([sha256Prefix, createHash("sha256").update(message).digest()]);
  const padding = Buffer.alloc(length - digest.length - 3, 0xff);
  const padded = Buffer.concat([Buffer.from([0, 1]), padding, Buffer.from([0]), digest]);
  return bytesOf(power(numberOf(padded), secret, modulus));
}

export function bytesOf(number: bigint): Buffer {
  const digits = number.toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex");
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

function generatePrime(bytes: (length: number) => Uint8Array): bigint {
  // The two highest bits, so that the product has its full length; the lowest, so that it is odd.
  const marks = (3n << BigInt(primeBits - 2)) | 1n;
  for (;;) {
    const candidate = numberOf(bytes(primeBits / 8)) | marks;
    if (isPrime(candidate, bytes)) return candidate;
  }
}

const smallPrimes = [3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n, 43n, 47n, 53n, 59n, 61n, 67n, 71n, 73n];

/** Miller and Rabin. */
function isPrime(candidate: bigint, bytes: (length: number) => Uint8Array): boolean {
  if (smallPrimes.some((prime) => candidate % prime === 0n)) return false;
  let odd = candidate - 1n;
  let halvings = 0;
  while (odd % 2n === 0n) {
    odd /= 2n;
    halvings += 1;
  }
  for (let round = 0; round < rounds; round += 1) {
    const base = 2n + (numberOf(bytes(primeBits / 8)) % (candidate - 3n));
    let value = power(base, odd, candidate);
    if (value === 1n || value === candidate - 1n) continue;
    let isWitness = true;
    for (let n = 1; n < halvings && isWitness; n += 1) {
      value = (value * value) % candidate;
      if (value === candidate - 1n) isWitness = false;
    }
    if (isWitness) return false;
  }
  return true;
}

function power(base: bigint, to: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = to; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** By Euclid. */
function inverse(number: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [number, modulus, 1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b, x, y] = [b, a % b, y, x - quotient * y];
  }
  return ((x % modulus) + modulus) % modulus;
}
