/**
 * Moves the harness into namespaces of its own, without root (Linux): user, network, mount and PID.
 *
 *     command line ──execve──► unshare ──exec──► outer.sh ──► init.sh (PID 1) ──► the same command line ──► services
 *
 * The process id that the user sees stays the same, so that killing it kills all: with a plain child, `kill -9` of the parent would leave
 * everything alive. `unshare --fork` is not used: it ignores TERM and INT.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { findExecutable } from "./executable.ts";

export type Isolation = { readonly isolated: true } | { readonly isolated: false; readonly reason: string };

export interface IsolateOptions {
  /** False: the user does not want it (`--no-isolation`). */
  readonly wanted: boolean;
  /** Checked last, since a signal that came before the step would be forgotten in it. */
  readonly signal?: AbortSignal;
}

/** What it rests on, and which Debian package brings it. */
export const tools = {
  unshare: "util-linux",
  setpriv: "util-linux",
  setsid: "util-linux",
  nsenter: "util-linux",
  mount: "mount",
  ip: "iproute2",
} as const;

export function missingTools(): readonly (keyof typeof tools)[] {
  return (Object.keys(tools) as (keyof typeof tools)[]).filter((tool) => find(tool) === undefined);
}

export const namespaces = ["--user", "--map-root-user", "--net", "--mount", "--pid"];

/** Replaces this process by the same command line in namespaces; returns if it is there already, or if it can't be. */
export async function isolate({ wanted, signal }: IsolateOptions): Promise<Isolation> {
  if (isIsolated()) return { isolated: true };
  if (!wanted) return { isolated: false, reason: "it was switched off (--no-isolation)" };
  const reason = await findHindrance();
  if (reason !== undefined) return { isolated: false, reason };
  signal?.throwIfAborted();

  const unshare = find("unshare") ?? "unshare";
  const harness = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const environment = {
    ...process.env,
    PATH: searchPath(),
    SINBIN_ISOLATED: "1",
    SINBIN_CALLER: `${process.getuid?.()}:${process.getgid?.()}`,
  };
  process.execve?.(
    unshare,
    ["unshare", ...namespaces, "sh", script("outer.sh"), script("init.sh"), ...harness],
    environment,
  );
  return { isolated: false, reason: "this Node can't replace its process (process.execve)" };
}

export function isIsolated(): boolean {
  // The variable alone might have leaked out of a world that is no more.
  return process.env["SINBIN_ISOLATED"] === "1" && existsSync("/run/sinbin-init");
}

/** Who called the harness, before it became root of its namespace. */
export function caller(): { readonly uid: string; readonly gid: string } {
  const [uid = "0", gid = "0"] = (process.env["SINBIN_CALLER"] ?? "").split(":");
  return { uid, gid };
}

/** Why isolation can't be had here; undefined if it can. Tries all that it needs, once, in namespaces that end with the trial. */
export async function findHindrance(): Promise<string | undefined> {
  if (process.platform !== "linux") return `namespaces are Linux's, and this is ${process.platform}`;
  const missing = missingTools();
  if (missing.length > 0) return `not on the PATH: ${missing.join(", ")}`;
  const trial = [
    "set -e",
    "mount -t proc proc /proc",
    "mount -t tmpfs tmpfs /run",
    "ip netns add trial",
    "ip link add trial type veth peer name eth0 netns trial",
    "nsenter --net=/run/netns/trial sh -c 'echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start'",
  ];
  return new Promise((resolve) => {
    const command = [...namespaces, "--fork", "--kill-child", "sh", "-c", trial.join("\n")];
    execFile("unshare", command, { env: { ...process.env, PATH: searchPath() } }, (error, _output, complaint) => {
      if (error === null) resolve(undefined);
      else resolve(`namespaces are refused here: ${complaint.trim().split("\n")[0] ?? error.message}`);
    });
  });
}

/** `ip` lies where an ordinary user's path may not lead. */
export function searchPath(): string {
  return [process.env["PATH"] ?? "", "/usr/sbin", "/sbin"].join(delimiter);
}

function script(name: string): string {
  return fileURLToPath(new URL(`isolation/${name}`, import.meta.url));
}

/** A tool that may need root. */
export function find(tool: string): string | undefined {
  return findExecutable(tool, searchPath());
}
