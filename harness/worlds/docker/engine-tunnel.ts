/**
 * The way to an engine that is reached by ssh: OpenSSH's own client, with the user's configuration and keys, makes a socket here of the engine's socket
 * there.
 *
 *     docker calls ──► socket in a directory of ours ══ ssh ══► /var/run/docker.sock
 *
 * A shell watches over it: it ends with its standard input, so that nobody needs to tell it that the harness was killed. ssh by itself would then wait for
 * connections that wait for an engine.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WorldError } from "../../errors.ts";

export interface Tunnel extends Disposable {
  readonly socketPath: string;
  /** The last that ssh said. */
  complaint(): string;
}

const usualSocket = "/var/run/docker.sock";
const watched = `
exec 3<&0
directory=$1; shift
ssh "$@" </dev/null 3<&- & ssh=$!
{ read -r _ <&3; kill "$ssh"; } >/dev/null 2>&1 &
wait "$ssh"
rm -rf "$directory"`;

/**
 * @param address `ssh://[user@]host[:port][/path/of/its/docker.sock]`
 * @throws {WorldError} if ssh does not get there.
 */
export async function openTunnel(address: string, signal: AbortSignal | undefined): Promise<Tunnel> {
  const { username, hostname, port, pathname } = new URL(address);
  const directory = mkdtempSync(join(tmpdir(), "sinbin-ssh-"));
  const socketPath = join(directory, "docker.sock");
  const there = pathname === "" || pathname === "/" ? usualSocket : pathname;
  const place = [
    ...(port === "" ? [] : ["-p", port]),
    ...(username === "" ? [] : ["-l", decodeURIComponent(username)]),
    hostname,
  ];
  // Nobody is there to be asked for a password; the command of this side says that the socket is there.
  const options = ["BatchMode=yes", "ExitOnForwardFailure=yes", "PermitLocalCommand=yes", "LocalCommand=echo there"];
  const words = [...options.flatMap((option) => ["-o", option]), "-N", "-L", `${socketPath}:${there}`, ...place];
  // In a session of its own: Ctrl-C is for the harness, which needs the engine to clear away.
  const ssh = spawn("sh", ["-c", watched, "sh", directory, ...words], { detached: true });
  let complaint = "";
  ssh.stderr
    .setEncoding("utf8")
    .on("data", (text: string) => (complaint = text.trim().split("\n").at(-1) ?? complaint));
  const close = (): void => void ssh.stdin.end();
  signal?.addEventListener("abort", close);
  try {
    const ended = once(ssh, "exit").then(() => Promise.reject(new Error(complaint)));
    await Promise.race([once(createInterface(ssh.stdout), "line"), ended]);
  } catch (cause) {
    close();
    signal?.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    const command = ["ssh", ...place, "docker", "version"].join(" ");
    throw new WorldError(`${address} is not reached: ${why}; see that "${command}" works without a question`, {
      cause,
    });
  } finally {
    signal?.removeEventListener("abort", close);
  }
  ssh.unref();
  for (const stream of [ssh.stdin, ssh.stdout, ssh.stderr]) (stream as unknown as { unref(): void }).unref();
  return { socketPath, complaint: () => complaint, [Symbol.dispose]: close };
}
