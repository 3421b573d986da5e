/** Puts messages into a client's stream, in their order: those that come in pieces, or with another length than they have, and what ends it. */
import type { Clock, Socket } from "../../host/host.ts";
import type { Put } from "./exchange.ts";
import { frame } from "./frames.ts";

export interface Writer extends Disposable {
  put(all: readonly Put[]): void;
  /** Whether all that it was given is written. */
  isIdle(): boolean;
}

export interface WriterOptions {
  readonly clock: Clock;
  readonly client: Socket;
  /** Nothing is left to be written. */
  readonly onIdle: () => void;
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly laterMs: number;
  readonly ending?: "close" | "reset" | "mute";
}

export function createWriter({ clock, client, onIdle }: WriterOptions): Writer {
  const queue: Piece[] = [];
  let muted = false;
  let timer: Disposable | undefined;

  function write(): void {
    timer = undefined;
    let next = queue.shift();
    const together: Uint8Array[] = [];
    while (next !== undefined) {
      together.push(next.bytes);
      const behind = queue[0];
      if (next.ending !== undefined || (behind !== undefined && behind.laterMs > 0)) break;
      next = queue.shift();
    }
    const bytes = Buffer.concat(together);
    const ending = next?.ending;
    if (ending === "close") client.end(bytes);
    // RST drops what is still to be sent.
    else if (ending === "reset") client.write(bytes, () => client.resetAndDestroy());
    else if (bytes.length > 0) client.write(bytes);
    if (ending !== undefined) {
      muted = true;
      queue.length = 0;
    }
    const [first] = queue;
    if (first !== undefined) timer = clock.timer(first.laterMs, write, { exact: true });
    else onIdle();
  }

  return {
    isIdle: () => timer === undefined,
    put(all) {
      if (muted || client.destroyed) return;
      queue.push(...all.flatMap(piecesOf));
      if (timer === undefined) write();
    },
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]();
      timer = undefined;
      muted = true;
      queue.length = 0;
    },
  };
}

function piecesOf({ bytes, framing = {} }: Put): readonly Piece[] {
  const { length, bytes: most, pieces, ending } = framing;
  const whole = frame(bytes, length).subarray(0, most);
  const size = Math.max(1, pieces?.bytes ?? whole.length);
  const count = Math.max(1, Math.ceil(whole.length / size));
  return Array.from({ length: count }, (_, n) => ({
    bytes: whole.subarray(n * size, (n + 1) * size),
    laterMs: n === 0 ? 0 : (pieces?.everyMs ?? 0),
    ...(ending !== undefined && n === count - 1 && { ending }),
  }));
}
