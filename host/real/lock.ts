/**
 * Locks that end with their process: a socket whose name only one can have. Node has no flock(2).
 *
 * On Linux the name is an abstract one (unix(7)), which the kernel forgets with the socket, so that nothing is ever left of it. Elsewhere it is a file, and
 * whoever finds one asks whether anybody is there; two who find a dead one in the same moment may both get it.
 */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { platform, tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "../error-code.ts";

const isAbstract = platform() === "linux";

export async function takeLock(path: string): Promise<AsyncDisposable | undefined> {
  // A socket's name has room for a hundred bytes.
  const name = `sinbin-lock-${createHash("sha256").update(path).digest("hex")}`;
  if (isAbstract) return bind(`\0${name}`);
  const file = join(tmpdir(), name);
  const lock = await bind(file);
  if (lock !== undefined || (await answers(file))) return lock;
  await rm(file, { force: true });
  return bind(file);
}

function bind(name: string): Promise<AsyncDisposable | undefined> {
  const server = createServer((socket) => socket.destroy());
  // Whoever holds a lock has something else to live for.
  server.unref();
  const { promise, resolve, reject } = Promise.withResolvers<AsyncDisposable | undefined>();
  server.on("error", (error) => {
    if (codeOf(error) === "EADDRINUSE") resolve(undefined);
    else reject(error);
  });
  server.listen(name, () => resolve({ [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }));
  return promise;
}

async function answers(file: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(file);
  socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
