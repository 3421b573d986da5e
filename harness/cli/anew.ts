/** What V8 and the C library are told only when a process starts: a command that needs it has this one start anew, with the same id, arguments and streams. */

/**
 * Megabytes of each of the three parts of the young generation of a proxy's heap, which makes much garbage and keeps little: what that generation has grown
 * to, V8 keeps.
 */
const semiSpace = { flag: "--max-semi-space-size", megabytes: 8 } as const;

/**
 * From how many bytes on glibc asks the kernel for each piece of memory by itself, and gives it back when it is freed: as large as what connections read into.
 * Else it takes more and more from one heap, of which the kernel gets nothing back as long as anything lies behind it.
 */
const mappedApart = { name: "MALLOC_MMAP_THRESHOLD_", bytes: 256 * 1024 } as const;

/** Does not return for a proxy that Node was given no such size for. Before anybody listens for signals: what came in between would be lost. */
export function startProxyAnew(command: string | undefined): void {
  const { flag, megabytes } = semiSpace;
  const given = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].join(" ");
  if (command !== "proxy" || given.includes(flag) || process.platform === "win32") return;
  const words = [...process.execArgv, `${flag}=${megabytes}`, ...process.argv.slice(1)];
  // Not every Node has it.
  process.execve?.(process.execPath, [process.execPath, ...words], {
    [mappedApart.name]: String(mappedApart.bytes),
    ...process.env,
  });
}
