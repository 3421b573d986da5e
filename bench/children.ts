/** Processes that a benchmark starts, and ends. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** Sinbin's command line. */
export const main = fileURLToPath(new URL("../harness/cli/main.ts", import.meta.url));
const betweenLooksMs = 20;

/** A benchmark that is cut off leaves none of them. */
const alive = new Set<ChildProcess>();
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
process.once("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

export interface Launched {
  readonly child: ChildProcess;
  /** Rejects when it has ended, with what it complained of. */
  readonly over: Promise<never>;
}

/** `output`: whether it is read here what it writes; else it is lost. */
export function launch(command: string, words: readonly string[], output: "pipe" | "ignore" = "ignore"): Launched {
  const child = spawn(command, words, {
    stdio: ["ignore", output, "pipe"],
    env: { ...process.env, LOG_LEVEL: "error" },
  });
  alive.add(child);
  child.once("exit", () => alive.delete(child));
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  const over = once(child, "close").then(() => Promise.reject(new Error(`${command} has ended: ${complaint}`)));
  // At the end it is killed.
  over.catch(() => {});
  return { child, over };
}

/** Resolves with the first line that it writes. */
export async function start(
  command: string,
  words: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly line: string }> {
  const { child, over } = launch(command, words, "pipe");
  if (child.stdout === null) throw new Error("it has no output");
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, "line"), over])) as [string];
  return { child, line };
}

export async function endAll(children: readonly ChildProcess[]): Promise<void> {
  const ended = children.map((child) => once(child, "exit"));
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(ended);
}

/** In how many ticks a second the kernel tells of it, on every Linux. */
const ticksPerSecond = 100;

/** What a process has had of the processors until now. Linux only. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // Behind its name, which may have spaces in it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export function isThere(command: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Over TCP. @throws {Error} when what listens there has ended. */
export async function untilOpen(over: Promise<never>, ports: readonly number[]): Promise<void> {
  const open = async (): Promise<void> => {
    for (const port of ports) while (!(await accepts(port))) await sleep(betweenLooksMs);
  };
  await Promise.race([open(), over]);
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
