/**
 * The page of shared memory that virtual clocks are read from, and the one behind it, in which processes say what they have seen. `clock.h` has the same
 * layout.
 *
 *     file   0 magic   8 sequence   16 regime of the main process   64 regime of all others        4096 seen, by regime: wall clock, any clock
 *
 * A sequence number that is odd says that the page is being written. The kernel's clock is read by the writer while it is, and by readers between two
 * looks at an even one: so each moment belongs to one regime, and a clock whose rate changes goes on from where it was.
 */
import { closeSync, fchmodSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";

/** Nanoseconds of what clocks show since the kernel's monotonic clock showed `raw`, which is read by `process.hrtime`. */
export interface Regime {
  readonly raw: bigint;
  readonly monotonic: bigint;
  readonly wall: bigint;
  /** What CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC: the time that the machine was suspended. */
  readonly boot: bigint;
  /** So many nanoseconds of the monotonic clock in one of the kernel's; 0 stands still. */
  readonly rate: number;
  /** Of the wall clock; below 0 it runs backwards. */
  readonly wallRate: number;
}

/** Of the main process of a service, and of all its others. */
export type Regimes = readonly [main: Regime, others: Regime];

/** The sequence numbers under which somebody has looked at a clock last. */
export interface Seen {
  readonly wall: bigint;
  readonly any: bigint;
}

export interface ClockPage extends Disposable {
  /** Puts in force what `next` makes of what the kernel's clock shows now; returns the sequence number by which it is seen. */
  write(next: (raw: bigint) => Regimes): bigint;
  seen(): { readonly main: Seen; readonly others: Seen };
}

const magic = 0x314b_434f_4c43_4253n;
const pageBytes = 4096;
const sequenceAt = 8;
const regimesAt = 16;
const regimeBytes = 48;

/**
 * Makes the file. Whoever runs as the same user may say in it what he has seen, and anybody if it is shared; a daemon that drops its privileges, and then
 * begins anew, still sees the clock.
 */
export function createClockPage(path: string, { shared = false } = {}): ClockPage {
  const file = openSync(path, "wx+", 0o644);
  // Whatever the mask of this process is.
  if (shared) fchmodSync(file, 0o666);
  ftruncateSync(file, 2 * pageBytes);
  const word = Buffer.alloc(8);
  const body = Buffer.alloc(2 * regimeBytes);
  const told = Buffer.alloc(32);
  let sequence = 0n;

  const put = (value: bigint, at: number): void => {
    word.writeBigUInt64LE(value);
    writeSync(file, word, 0, word.length, at);
  };
  put(magic, 0);

  return {
    write(next) {
      put(sequence + 1n, sequenceAt);
      try {
        next(process.hrtime.bigint()).forEach((regime, index) => encode(regime, body, index * regimeBytes));
        writeSync(file, body, 0, body.length, regimesAt);
      } finally {
        sequence += 2n;
        put(sequence, sequenceAt);
      }
      return sequence;
    },
    seen() {
      readSync(file, told, 0, told.length, pageBytes);
      const at = (offset: number): Seen => ({
        wall: told.readBigUInt64LE(offset),
        any: told.readBigUInt64LE(offset + 8),
      });
      return { main: at(0), others: at(16) };
    },
    [Symbol.dispose]: () => closeSync(file),
  };
}

function encode({ raw, monotonic, wall, boot, rate, wallRate }: Regime, into: Buffer, at: number): void {
  for (const [index, value] of [raw, monotonic, wall, boot].entries()) into.writeBigInt64LE(value, at + 8 * index);
  into.writeDoubleLE(rate, at + 32);
  into.writeDoubleLE(wallRate, at + 40);
}
