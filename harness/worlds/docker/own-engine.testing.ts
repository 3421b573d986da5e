/**
 * An engine of the test's own, as on another machine: `dockerd` in a network namespace that a veth joins to this one, and in a mount namespace that has neither
 * this checkout nor what is temporary here. It has its own process namespace as well, so that whatever becomes of it, all that it has started ends with it.
 *
 *     here 10.213.N.1 ── sinbin-far-N ║ eth0 ── 10.213.N.2:2375 dockerd ── its networks
 */
import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export interface OwnEngine extends AsyncDisposable {
  /** For `DOCKER_HOST`. */
  readonly address: string;
  /** A folder with ca.pem, cert.pem and key.pem of a client, for `DOCKER_CERT_PATH`; of one that wants to know who speaks to it. */
  readonly certificates: string;
  /** Takes an image from the engine of this machine. */
  load(image: string): void;
  /** The names of its containers, networks and volumes that carry a label. */
  list(label: string): readonly string[];
  signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void;
  /** Starts it again, with all that it has on its disk. */
  restart(): Promise<void>;
}

const checkout = fileURLToPath(new URL("../../..", import.meta.url));
const mostEngines = 250;
const betweenLooksMs = 20;

const start = `
mount -t proc proc /proc
mkdir -p /run/docker /run/containerd
for hidden in /run/docker /run/containerd "$hidden_checkout" "$hidden_temporary"; do mount -t tmpfs tmpfs "$hidden"; done
cd /
exec dockerd "$@"
`;

export async function startOwnEngine({ secure = false }: { readonly secure?: boolean } = {}): Promise<OwnEngine> {
  await using starting = new AsyncDisposableStack();
  const folder = mkdtempSync("/var/tmp/sinbin-far-");
  starting.defer(() => rmSync(folder, { recursive: true, force: true }));
  const number = joinNetwork();
  const name = `sinbin-far-${number}`;
  starting.defer(() => void run("ip", "netns", "delete", name));
  const host = `10.213.${number}.2`;
  const port = secure ? 2376 : 2375;
  const socket = join(folder, "docker.sock");
  if (secure) makeCertificates(folder, host);
  starting.defer(() => removeGroups(name));

  const words = [
    `--net=/run/netns/${name}`,
    ..."unshare --uts --mount --pid --fork --kill-child sh -ec".split(" "),
    start,
    "sh",
    `--host=unix://${socket}`,
    `--host=tcp://${host}:${port}`,
    `--data-root=${folder}/data`,
    `--exec-root=${folder}/run`,
    `--pidfile=${folder}/pid`,
    `--cgroup-parent=/${name}`,
    ...(secure ? securedBy(join(folder, "server")) : ["--tls=false"]),
  ];
  let child: ChildProcess | undefined;
  const launch = async (): Promise<void> => {
    rmSync(join(folder, "pid"), { force: true });
    child = spawn("nsenter", words, {
      env: { PATH: process.env["PATH"], hidden_checkout: checkout, hidden_temporary: tmpdir() },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4000)));
    while (!(await answers(socket))) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`dockerd has not come up: ${said}`);
      await sleep(betweenLooksMs);
    }
  };
  const stop = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    for (const pid of mainOf(child)) process.kill(pid, "SIGKILL");
    await ended;
  };
  starting.defer(stop);
  await launch();
  const disposal = starting.move();
  return {
    address: `tcp://${host}:${port}`,
    certificates: join(folder, "client"),
    load(image) {
      const ours = execFileSync("docker", ["--host", "unix:///var/run/docker.sock", "save", image], {
        maxBuffer: 2 ** 31,
      });
      execFileSync("docker", ["--host", `unix://${socket}`, "load"], { input: ours });
    },
    list: (label) =>
      [
        ["ps", "--all", "--format", "{{.Names}}"],
        ["network", "ls", "--format", "{{.Name}}"],
        ["volume", "ls", "--format", "{{.Name}}"],
      ].flatMap((words) =>
        run("docker", "--host", `unix://${socket}`, ...words, "--filter", `label=${label}`)
          .split("\n")
          .filter((line) => line !== ""),
      ),
    signal(signal) {
      for (const pid of child === undefined ? [] : mainOf(child)) process.kill(pid, signal);
    },
    async restart() {
      await stop();
      await launch();
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

/** The number of one that nobody else has: its veth is what shows that it is taken. */
function joinNetwork(): number {
  for (let number = 1; number <= mostEngines; number++) {
    const name = `sinbin-far-${number}`;
    try {
      run("ip", "link", "add", name, "type", "veth", "peer", "name", `${name}p`);
    } catch (error) {
      if (/File exists/.test(String(error))) continue;
      throw error;
    }
    const inside = ["ip", "-n", name];
    run("ip", "netns", "add", name);
    run("ip", "link", "set", `${name}p`, "netns", name, "name", "eth0");
    for (const words of [
      ["ip", "address", "add", `10.213.${number}.1/24`, "dev", name],
      ["ip", "link", "set", name, "up"],
      [...inside, "address", "add", `10.213.${number}.2/24`, "dev", "eth0"],
      [...inside, "link", "set", "eth0", "up"],
      [...inside, "link", "set", "lo", "up"],
      // An engine that has no way anywhere does not come up.
      [...inside, "route", "add", "default", "via", `10.213.${number}.1`],
    ] as const)
      run(...(words as readonly [string, ...string[]]));
    return number;
  }
  throw new Error(`there are ${mostEngines} engines of tests already: ip link`);
}

/** An authority, and what it has issued to a server of this address and to a client. */
function makeCertificates(folder: string, host: string): void {
  const authority = ["-CA", join(folder, "ca.pem"), "-CAkey", join(folder, "ca-key.pem"), "-CAcreateserial"];
  const newKey = ["req", "-newkey", "rsa:2048", "-nodes"];
  run(
    "openssl",
    ...newKey,
    "-x509",
    "-days",
    "2",
    "-subj",
    "/CN=test",
    "-keyout",
    `${folder}/ca-key.pem`,
    "-out",
    `${folder}/ca.pem`,
  );
  for (const [who, more] of [
    ["server", `subjectAltName=IP:${host}\nextendedKeyUsage=serverAuth\n`],
    ["client", "extendedKeyUsage=clientAuth\n"],
  ] as const) {
    const at = (file: string): string => join(folder, who, file);
    mkdirSync(join(folder, who));
    writeFileSync(at("extensions"), more);
    run("openssl", ...newKey, "-subj", `/CN=${who}`, "-keyout", at("key.pem"), "-out", at("request"));
    run(
      "openssl",
      "x509",
      "-req",
      "-days",
      "2",
      "-in",
      at("request"),
      ...authority,
      "-extfile",
      at("extensions"),
      "-out",
      at("cert.pem"),
    );
    writeFileSync(at("ca.pem"), readFileSync(join(folder, "ca.pem")));
  }
}

function securedBy(folder: string): readonly string[] {
  const files = { tlscacert: "ca.pem", tlscert: "cert.pem", tlskey: "key.pem" };
  return ["--tlsverify", ...Object.entries(files).map(([flag, file]) => `--${flag}=${join(folder, file)}`)];
}

/** `unshare` waits for the engine, which is the first process of its namespace. */
function mainOf({ pid }: ChildProcess): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ").filter(Boolean).map(Number);
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    request({ socketPath, path: "/_ping" }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on("error", () => resolve(false))
      .end();
  });
}

/** Control groups are directories that only their own kind of removal removes, the innermost first. */
function removeGroups(name: string): void {
  const remove = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (entry.isDirectory()) remove(join(path, entry.name));
    rmdirSync(path);
  };
  for (const top of ["", ...readdirSync("/sys/fs/cgroup")]) {
    const path = join("/sys/fs/cgroup", top, name);
    try {
      remove(path);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")))
        throw error;
    }
  }
}

function run(command: string, ...words: readonly string[]): string {
  return execFileSync(command, words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
