/**
 * What the mock PlanetLab Central knows: slices, who may use them, and where they run.
 */
import { createHash } from "node:crypto";
import { z } from "zod";

const slice = z.strictObject({
  id: z.int().positive(),
  name: z.string().max(200),
  /** Seconds since the Unix epoch. */
  expiry: z.int().nonnegative(),
  nodes: z.array(z.int().positive()).max(10_000),
  users: z.array(z.int().positive()).max(1000),
  rspec: z.record(z.string(), z.int()).default({}),
});

const key = z.strictObject({ person: z.int().positive(), value: z.string().max(16 * 1024 * 1024) });

/** The form of the file of `--data`. */
export const dataSchema = z.strictObject({
  /** A publisher that has lost count begins a new epoch. */
  epoch: z.int().nonnegative().default(1),
  serial: z.int().nonnegative().default(1),
  slices: z.array(slice).max(10_000),
  keys: z.array(key).max(100_000).default([]),
});
export type Data = z.output<typeof dataSchema>;

const standardRspec = { nm_cpu_share: 32, nm_disk_quota: 5_000_000, nm_enabled: 1 };
/** 2038-01-19: a made-up slice outlives every test. */
const standardExpiry = 2_147_483_647;
/** About the length of an RSA key of 2,048 bits in base64. */
const keyLength = 372;

export interface Amounts {
  readonly slices: number;
  /** Of authorized keys, a slice. */
  readonly keyBytes: number;
  /** The node that every slice runs on. */
  readonly node: number;
  /** On how many nodes each runs, that one included. Real slices ran on hundreds: that makes the list of slices long, and not only the keys after it. */
  readonly nodes: number;
}

const firstOtherNode = 1000;

/** Slices that are the same for the same amounts. */
export function generateData({ slices, keyBytes, node, nodes }: Amounts): Data {
  const numbers = Array.from({ length: slices }, (_, index) => index + 1);
  return {
    epoch: 1,
    serial: 1,
    slices: numbers.map((number) => ({
      id: 100 + number,
      name: `princeton_slice${String(number).padStart(3, "0")}`,
      expiry: standardExpiry,
      nodes: [node, ...Array.from({ length: nodes - 1 }, (_, index) => firstOtherNode + index)],
      users: [number],
      rspec: standardRspec,
    })),
    keys: numbers.flatMap((person) => generateKeys(person, keyBytes)),
  };
}

function generateKeys(person: number, keyBytes: number): Data["keys"] {
  return Array.from({ length: Math.ceil(keyBytes / keyLength) }, (_, index) => {
    const block = createHash("sha512").update(`${person} ${index}`).digest("base64").replaceAll("=", "");
    const length = Math.min(keyLength, keyBytes - index * keyLength);
    return { person, value: `ssh-rsa ${block.repeat(5).slice(0, length)} user${person}@site` };
  });
}
