/** Programs as processes over loopback, with a connection between them that can be cut: for tests of what they do when the world is not kind. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect } from "vitest";
import { createAuthority } from "../host/real/certificates.ts";
import { pidsBelow } from "../host/real/proc.testing.ts";
import { decodeReply, encodeCall, type XmlRpcValue } from "./xml-rpc.ts";

export type Line = Readonly<Record<string, unknown>> & { readonly event: string };
export interface Program extends AsyncDisposable {
  readonly pid: number;
  readonly lines: readonly Line[];
  readonly errors: () => string;
  readonly directory: string;
  /** The next line that fits, or one that was there already from index `from` on. */
  see(event: string, where?: Readonly<Record<string, unknown>>, from?: number): Promise<Line>;
  signal(name: NodeJS.Signals): void;
  /** Nobody reads its standard output any more. */
  leave(): void;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

let home = "";
let run = 0;

/** Of what the programs of one file of tests share: a folder, and an authority that they trust. */
export function prepare(): void {
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "sinbin-planetlab-"));
    const authority = await createAuthority();
    const { certificate, key } = await authority.issue(["plc.test"]);
    await Promise.all([
      writeFile(join(home, "ca.pem"), authority.certificate),
      writeFile(join(home, "cert.pem"), certificate),
      writeFile(join(home, "key.pem"), key),
    ]);
  });
  afterAll(() => rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 }));
}

/** The folder, and one in it that nobody has yet. */
export const homeFolder = (): string => home;
export const nextFolder = (): string => join(home, `run-${(run += 1)}`);

export async function start(
  program: string,
  args: readonly string[],
  names: Readonly<Record<string, string>> = {},
  directory = nextFolder(),
): Promise<Program> {
  await mkdir(directory, { recursive: true });
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "../host/start.ts"), join(import.meta.dirname, program), ...args],
    {
      cwd: directory,
      env: {
        ...process.env,
        SINBIN_SEED: String((run += 1)),
        SINBIN_NAMES: JSON.stringify(names),
        SINBIN_CA: join(home, "ca.pem"),
        SINBIN_CERT: join(home, "cert.pem"),
        SINBIN_KEY: join(home, "key.pem"),
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => [...waiting].forEach((check) => check());
  createInterface(child.stdout).on("line", (text) => {
    lines.push(JSON.parse(text) as Line);
    wake();
  });
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += String(chunk)));
  const exited = once(child, "close").then(([code, signal]) => ({ code, signal }));
  void exited.then(wake);
  return {
    pid: child.pid ?? 0,
    lines,
    directory,
    errors: () => errors,
    exited,
    signal: (name) => void child.kill(name),
    leave: () => void child.stdout.destroy(),
    see(event, where = {}, from = 0) {
      const { promise, resolve, reject } = Promise.withResolvers<Line>();
      const check = (): void => {
        const found = lines
          .slice(from)
          .find((line) => line.event === event && Object.entries(where).every(([key, value]) => line[key] === value));
        if (found !== undefined) resolve(found);
        else if (child.exitCode !== null || child.signalCode !== null)
          reject(new Error(`${program} has ended before ${event}: ${errors}`));
        else return;
        waiting.delete(check);
      };
      waiting.add(check);
      check();
      return promise;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

export const startPlc = async (...args: string[]): Promise<Program & { readonly address: string }> => {
  const program = await start("plc/main.ts", args);
  await program.see("ready");
  const { address } = await program.see("network.listening");
  return { ...program, address: String(address) };
};

/** It is ready, and on its way to its first document. */
export async function startNode(address: string, args: readonly string[], directory?: string): Promise<Program> {
  const node = await start("node-manager/main.ts", ["--poll", "50ms", ...args], { "plc.test:443": address }, directory);
  await node.see("ready");
  return node;
}

export interface Cutter extends AsyncDisposable {
  readonly address: string;
  /** From now on each connection is cut after so many bytes from PLC; `hold` delivers nothing more and says nothing. */
  cut(how: "fin" | "rst" | "hold" | "refuse" | "never", afterBytes?: number): Promise<void>;
}

export async function startCutter(target: string): Promise<Cutter> {
  let how = "never";
  let limit = Number.POSITIVE_INFINITY;
  const sockets = new Set<Socket>();
  const [host, port] = target.split(":");
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: host ?? "", port: Number(port), allowHalfOpen: true });
    const [way, last] = [how, limit];
    let passed = 0;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    client.on("data", (chunk) => upstream.write(chunk)).on("end", () => upstream.end());
    upstream.on("end", () => passed < last && client.end());
    upstream.on("data", (chunk) => {
      const rest = chunk.subarray(0, Math.max(0, last - passed));
      passed += chunk.length;
      if (passed < last) client.write(rest);
      else if (way === "fin") client.end(rest);
      else if (way === "hold") client.write(rest);
      // What the kernel has is with the peer already, which reads it before it hears of the reset.
      else if (way === "rst" && passed - chunk.length < last) client.write(rest, () => client.resetAndDestroy());
    });
  });
  const open = async (at: number): Promise<void> => {
    server.listen(at, "127.0.0.1");
    await once(server, "listening");
  };
  await open(0);
  const own = (server.address() as AddressInfo).port;
  return {
    address: `127.0.0.1:${own}`,
    async cut(way, afterBytes = Number.POSITIVE_INFINITY) {
      [how, limit] = [way, afterBytes];
      if (way === "refuse") server.close();
      else if (!server.listening) await open(own);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

export const last = (program: Program, event: string): Line | undefined =>
  program.lines.findLast((line) => line.event === event);
export const sliverNames = (program: Program): unknown => last(program, "slivers")?.["names"];
export const portOf = (program: Program): unknown =>
  program.lines.find((line) => line.event === "network.listening")?.["address"];

export async function call(node: Program, method: string, ...params: readonly XmlRpcValue[]): Promise<XmlRpcValue> {
  const reply = await fetch(`http://${String(portOf(node))}/`, {
    method: "POST",
    body: encodeCall({ method, params }),
  });
  const decoded = decodeReply(await reply.text());
  if ("fault" in decoded) throw new Error(decoded.fault.message);
  return decoded.value;
}

export const withoutReopening = (events: readonly string[]): readonly string[] =>
  events.filter((event) => event !== "log.reopened");

export const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** As chmod takes it. */
export const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

export const three = ["princeton_slice001", "princeton_slice002", "princeton_slice003"];
export const legacy = ["--path", "/xml/slices-0.5.xml"];

/** Ends the program and hands its directory on. */
export async function moveAway(program: Program): Promise<string> {
  program.signal("SIGTERM");
  await program.exited;
  return program.directory;
}

/** Processes whose working directory lies in the slivers of a Node Manager. */
export const sliverPids = (node: Program): readonly number[] => pidsBelow(join(node.directory, "slivers"));

export async function gone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    await expect
      .poll(
        async () => (await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "gone")).replace(/^.*\) Z .*$/s, "gone"),
        { timeout: 30_000, interval: 20 },
      )
      .toBe("gone");
  }
}

/** Until the file is there in part, or the save is over: the log alone comes too early or too late on a busy machine. */
export async function seeHalfWritten(node: Program, file: string): Promise<void> {
  await node.see("state.save.begin");
  while (last(node, "state.save.end") === undefined) {
    const size = (await stat(file).catch(() => undefined))?.size ?? 0;
    if (size > 0 && size < 4_000_000) return;
  }
}
