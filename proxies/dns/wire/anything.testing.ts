/** What may come instead of a message, or as one: bytes at random, real messages that were changed, and records that look right from afar. */
import * as fc from "fast-check";
import { corpus } from "./corpus.testing.ts";

const uint16 = fc.integer({ min: 0, max: 65_535 });
const bytesOf16 = (value: number): readonly number[] => [value >> 8, value & 0xff];

/** Types that are read by their parts, or that dns-packet reads. */
const types = [
  1, 2, 5, 6, 10, 12, 13, 15, 16, 17, 28, 29, 33, 35, 37, 39, 41, 43, 44, 46, 47, 48, 50, 52, 64, 65, 250, 255, 257,
];

const label = fc.uint8Array({ maxLength: 70 }).map((bytes) => [bytes.length & 0x3f, ...bytes]);
const name = fc.oneof(
  // Pointers to the question, into the header, to themselves, and anywhere.
  fc.constantFrom([0xc0, 12], [0xc0, 4], [0xff, 0xff], [0]),
  fc.nat(0x3fff).map((to) => [0xc0 | (to >> 8), to & 0xff]),
  fc.array(label, { maxLength: 4 }).map((labels) => [...labels.flat(), 0]),
  fc.tuple(label, fc.nat(60)).map(([first, to]) => [...first, 0xc0, to]),
);

/** What is in it may begin with names, as in MX, SOA and RRSIG, and be shorter or longer than it says. */
const rdata = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((bytes) => [...bytes]),
  fc
    .tuple(fc.uint8Array({ maxLength: 18 }), name, name, fc.uint8Array({ maxLength: 24 }))
    .map((parts) => parts.flatMap((part) => [...part])),
);
const record = fc
  .tuple(
    name,
    fc.oneof(fc.constantFrom(...types), uint16),
    uint16,
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    rdata,
    fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -5, max: 300 }) }),
  )
  .map(([owner, type, of, ttl, data, lie]) => [
    ...owner,
    ...bytesOf16(type),
    ...bytesOf16(of),
    ...ttl,
    ...bytesOf16(Math.max(0, data.length + lie)),
    ...data,
  ]);

const structured = fc
  .tuple(
    uint16,
    uint16,
    name,
    fc.array(record, { maxLength: 8 }),
    fc.array(fc.nat(3), { minLength: 3, maxLength: 3 }),
    fc.boolean(),
  )
  .map(([id, flags, question, records, [ns = 0, ar = 0, lie = 0], isLying]) => {
    const answers = Math.max(0, records.length - ns - ar);
    const counts = [
      1,
      answers,
      Math.min(ns, records.length),
      Math.max(0, records.length - ns - answers) + (isLying ? lie : 0),
    ];
    return Uint8Array.from([...[id, flags, ...counts].flatMap(bytesOf16), ...question, 0, 1, 0, 1, ...records.flat()]);
  });

const mutated = fc
  .tuple(
    fc.constantFrom(...corpus.values()),
    fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 8 }),
    fc.nat(300),
    fc.uint8Array({ maxLength: 8 }),
  )
  .map(([bytes, changes, cut, more]) => {
    const changed = Uint8Array.from([...bytes.subarray(0, cut), ...more]);
    for (const [at, value] of changes) changed[at % Math.max(1, changed.length)] = value;
    return changed;
  });

export const anything: ReadonlyMap<string, fc.Arbitrary<Uint8Array>> = new Map([
  ["at random", fc.uint8Array({ maxLength: 600 })],
  ["mutated from a server's", mutated],
  ["of records of all types", structured],
]);
