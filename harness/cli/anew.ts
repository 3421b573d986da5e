/** What V8 is told only when it starts: a command that needs it has this process start anew, with the same id, arguments and streams. */

/**
 * Megabytes of each of the three parts of the young generation of a proxy's heap, which makes much garbage and keeps little: what that generation has grown
 * to, V8 keeps.
 */
const semiSpace = { flag: "--max-semi-space-size", megabytes: 4 } as const;

/** Does not return for a proxy that Node was given no such size for. Before anybody listens for signals: what came in between would be lost. */
export function startProxyAnew(command: string | undefined): void {
  const { flag, megabytes } = semiSpace;
  const given = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].join(" ");
  if (command !== "proxy" || given.includes(flag) || process.platform === "win32") return;
  const words = [...process.execArgv, `${flag}=${megabytes}`, ...process.argv.slice(1)];
  // Not every Node has it.
  process.execve?.(process.execPath, [process.execPath, ...words]);
}
