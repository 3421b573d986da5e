/** Errors as `node:fs` words them: `ENOENT: no such file or directory, open 'state.json'`. */
import { constants } from "node:os";
import { codeOf } from "../error-code.ts";

const texts = {
  EEXIST: "file already exists",
  EINVAL: "invalid argument",
  EISDIR: "illegal operation on a directory",
  EMFILE: "too many open files",
  ENOENT: "no such file or directory",
  ENOSPC: "no space left on device",
  ENOTDIR: "not a directory",
  ENAMETOOLONG: "name too long",
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

/**
 * A directory that could not be made on a disk that refuses; `missing` is the first one on the way. On a read-only disk Node looks for it once
 * more after its attempt, and says only that it isn't there.
 */
export function refusedDirectoryError(code: "ENOSPC" | "EROFS", missing: string): Error {
  const refusal = fileError(code, "mkdir", missing);
  return code === "ENOSPC" ? refusal : Object.assign(fileError("ENOENT", "mkdir", missing), { cause: refusal });
}

/** What Node says of a handle that was closed. */
export function closedError(syscall: string): Error {
  return Object.assign(new Error("file closed"), { code: "EBADF", syscall });
}

/** The disk has not taken something: it is full or read-only. */
export function isRefusal(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOSPC" || code === "EROFS" || (error instanceof Error && isRefusal(error.cause));
}
