/** OpenSSH's server on a port of loopback, and a client that knows its key and has one that it accepts: nothing of the user's is read or changed. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface SshServer extends AsyncDisposable {
  readonly port: number;
  /** A `PATH` on which `ssh` is that client. */
  readonly path: string;
}

const server = "/usr/sbin/sshd";
export const hasSshServer = existsSync(server);
if (!hasSshServer) process.stderr.write("NOT TESTED: engines reached by ssh: install openssh-server\n");
if (!hasSshServer && process.env["CI"] === "true") throw new Error(`there is no ${server}`);

export async function startSshServer(): Promise<SshServer> {
  const folder = mkdtempSync(join(tmpdir(), "sinbin-sshd-"));
  const at = (name: string): string => join(folder, name);
  for (const name of ["host", "client"])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", at(name)]);
  copyFileSync(at("client.pub"), at("accepted"));
  // Of the server's privilege separation; Debian makes it at each boot.
  mkdirSync("/run/sshd", { recursive: true });
  const port = await freePort();
  writeFileSync(at("known"), `[127.0.0.1]:${port} ${readFileSync(at("host.pub"), "utf8")}`);
  writeFileSync(
    at("config"),
    `IdentityFile ${at("client")}\nIdentitiesOnly yes\nUserKnownHostsFile ${at("known")}\nStrictHostKeyChecking yes\n`,
  );
  writeFileSync(at("ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F ${at("config")} "$@"\n`);
  chmodSync(at("ssh"), 0o755);

  const options = [
    `HostKey=${at("host")}`,
    `AuthorizedKeysFile=${at("accepted")}`,
    "StrictModes=no",
    "PermitRootLogin=yes",
    `ListenAddress=127.0.0.1:${port}`,
    "PidFile=none",
  ].flatMap((option) => ["-o", option]);
  const daemon = spawn(server, ["-D", "-e", "-f", "/dev/null", ...options], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(daemon, "exit");
  const lines = createInterface(daemon.stderr);
  const listening = (async () => {
    for await (const line of lines) if (line.includes("Server listening")) return;
    throw new Error("sshd has not come up");
  })();
  await listening;
  daemon.stderr.resume();
  return {
    port,
    path: `${folder}:${process.env["PATH"] ?? ""}`,
    async [Symbol.asyncDispose]() {
      daemon.kill();
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  taken.close();
  await once(taken, "close");
  return port;
}
