/**
 * Memory that is used again. Of what lies idle for a while and is more than is kept, the kernel gets its part back a little at a time: the garbage collector
 * would not look for it until much else is allocated, which in a daemon that nobody uses is never.
 */
import { setInterval } from "node:timers";

const lookEveryMs = 100;
/** Of what was too much between two looks: after five seconds a twentieth is left. To free all at once would hold the event loop up. */
const freedShare = 1 / 16;

export interface Pool {
  take(): Buffer<ArrayBuffer>;
  /** Nobody looks at it any more. */
  giveBack(memory: Buffer<ArrayBuffer>): void;
}

/** Of pieces of so many `bytes`; `kept` of them stay for whoever comes next. */
export function createPool({ bytes, kept }: { readonly bytes: number; readonly kept: number }): Pool {
  /** The last one is taken first: what was written a moment ago is still in the processor's cache. */
  const idle: Buffer<ArrayBuffer>[] = [];
  /** The fewest that were idle since the last look. */
  let fewest = 0;
  let looking: NodeJS.Timeout | undefined;

  function look(): void {
    const freed = Math.max(0, Math.ceil((fewest - kept) * freedShare));
    // An array buffer's memory is freed when it is transferred to one of no length.
    for (const { buffer } of idle.splice(0, freed)) buffer.transfer(0);
    fewest = idle.length;
    if (fewest > kept) return;
    clearInterval(looking);
    looking = undefined;
  }

  return {
    take() {
      const memory = idle.pop() ?? Buffer.allocUnsafeSlow(bytes);
      fewest = Math.min(fewest, idle.length);
      return memory;
    },
    giveBack(memory) {
      idle.push(memory);
      if (idle.length <= kept || looking !== undefined) return;
      fewest = idle.length;
      looking = setInterval(look, lookEveryMs).unref();
    },
  };
}
