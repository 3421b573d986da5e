/** What a client sends, read as it is asked for, and a little ahead: so that one hears of its FIN and RST while it waits for a reply. */
import type { Socket } from "../../host/host.ts";

const aheadBytes = 64 * 1024;

export interface Source {
  /** What is there next, and something is; undefined at the end. Nobody else may be reading. */
  read(): Promise<Buffer | undefined>;
  /** Puts back what was read too much. */
  unread(bytes: Buffer): void;
  /** True if the client has sent FIN and everything has been read. */
  isOver(): boolean;
  /** Reads no further: gives what is there, and leaves the socket as it is. */
  release(): Buffer;
}

/** `onEnd` hears of the FIN, which may have unread bytes before it. */
export function createSource(socket: Socket, onEnd: () => void): Source {
  let pieces: Buffer[] = [];
  let held = 0;
  let ended = false;
  let waiting: (() => void) | undefined;

  const wake = (): void => {
    waiting?.();
    waiting = undefined;
  };
  const onData = (bytes: Buffer): void => {
    pieces.push(bytes);
    held += bytes.length;
    if (held > aheadBytes) socket.pause();
    wake();
  };
  const onFin = (): void => {
    ended = true;
    wake();
    onEnd();
  };
  const onClose = (): void => {
    ended = true;
    wake();
  };
  socket.on("data", onData).on("end", onFin).on("close", onClose);

  return {
    async read() {
      while (pieces.length === 0) {
        if (ended) return undefined;
        await new Promise<void>((resolve) => (waiting = resolve));
      }
      const bytes = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
      pieces = [];
      held = 0;
      socket.resume();
      return bytes;
    },
    unread(bytes) {
      if (bytes.length === 0) return;
      pieces.unshift(bytes);
      held += bytes.length;
    },
    isOver: () => ended && held === 0,
    release() {
      socket.off("data", onData).off("end", onFin).off("close", onClose).pause();
      const rest = Buffer.concat(pieces);
      pieces = [];
      return rest;
    },
  };
}
