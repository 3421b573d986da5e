/** What V8 is told only when it starts: a command that needs it has this process start anew, with the same id, arguments and streams. */

/**
 * A proxy makes much garbage and keeps little: while V8 clears the young generation of its heap, whoever waits for an answer waits longer, and what it has
 * grown to it keeps. In megabytes for each of its three parts.
 */
const flagsOf: Readonly<Record<string, readonly string[]>> = { proxy: ["--max-semi-space-size=4"] };

/**
 * Does not return if there is need. Before anybody listens for signals: what came in between would be lost.
 *
 * A flag that the user gives Node is not given again.
 */
export function startAnewFor(command: string | undefined): void {
  const given = `${process.execArgv.join(" ")} ${process.env["NODE_OPTIONS"] ?? ""}`;
  const flags = (flagsOf[command ?? ""] ?? []).filter((flag) => !given.includes(flag.replace(/=.*/, "")));
  if (flags.length === 0 || process.execve === undefined || process.platform === "win32") return;
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...flags, ...process.argv.slice(1)]);
}
