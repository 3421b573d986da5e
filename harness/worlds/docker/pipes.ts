/** Two one-way streams as one. */
import { Duplex, type Readable, type Writable } from "node:stream";

/**
 * Reads from one, writes to the other. When either is gone, reading ends, and what is still written gets lost without an error: HTTP/2 over a stream that
 * is not a socket fails with an internal assertion of Node's (24.21) if a write never calls back.
 */
export function joinPipes(readable: Readable, writable: Writable): Duplex {
  const unanswered = new Set<() => void>();
  let gone = false;
  const joined = new Duplex({
    read: () => void readable.resume(),
    write(chunk: Buffer, _encoding, callback) {
      if (gone) {
        callback();
        return;
      }
      const answer = (): void => {
        if (unanswered.delete(answer)) callback();
      };
      unanswered.add(answer);
      writable.write(chunk, answer);
    },
    final(callback) {
      if (!gone) writable.end();
      callback();
    },
  });
  const leave = (): void => {
    if (gone) return;
    gone = true;
    for (const answer of unanswered) answer();
    joined.push(null);
  };
  readable.on("data", (chunk: Buffer) => {
    if (!gone && !joined.push(chunk)) readable.pause();
  });
  for (const event of ["end", "close", "error"]) readable.on(event, leave);
  for (const event of ["close", "error"]) writable.on(event, leave);
  return joined;
}
