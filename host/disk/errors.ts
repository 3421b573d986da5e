/** Errors as `node:fs` words them: `ENOENT: no such file or directory, open 'state.json'`. */
import { constants } from "node:os";

const texts = {
  EBUSY: "resource busy or locked",
  EEXIST: "file already exists",
  EINVAL: "invalid argument",
  EISDIR: "illegal operation on a directory",
  EMFILE: "too many open files",
  ENOENT: "no such file or directory",
  ENOSPC: "no space left on device",
  ENOTDIR: "not a directory",
  ENOTEMPTY: "directory not empty",
  EROFS: "read-only file system",
} as const;

export function fileError(code: keyof typeof texts, syscall: string, path?: string, destination?: string): Error {
  const where = path === undefined ? "" : ` '${path}'`;
  const whereTo = destination === undefined ? "" : ` -> '${destination}'`;
  return Object.assign(new Error(`${code}: ${texts[code]}, ${syscall}${where}${whereTo}`), {
    errno: -constants.errno[code],
    code,
    syscall,
    ...(path !== undefined && { path }),
    ...(destination !== undefined && { dest: destination }),
  });
}

/** What Node says of a handle that was closed. */
export function closedError(syscall: string): Error {
  return Object.assign(new Error("file closed"), { errno: -constants.errno.EBADF, code: "EBADF", syscall });
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
