/**
 * An engine of the test's own, as on another machine: `dockerd` in a network namespace that a veth joins to this one, or in one that the test has made, and
 * in a mount namespace that has neither this checkout nor what is temporary here. It has its own process namespace as well, so that whatever becomes of it,
 * all that it has started ends with it.
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
  /** For `DOCKER_HOST`: a TCP address if its network is joined to this machine's, and otherwise its socket. */
  readonly address: string;
  /** Its Unix socket, on this machine. */
  readonly socket: string;
  /** A folder with ca.pem, cert.pem and key.pem of a client, for `DOCKER_CERT_PATH`; of one that wants to know who speaks to it. */
  readonly certificates: string;
  /** The names of its containers, networks and volumes that carry a label. */
  list(label: string): readonly string[];
  signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void;
  /** Starts it again, with all that it has on its disk. */
  restart(): Promise<void>;
}

export interface OwnEngineOptions {
  /** It wants to know who speaks to it by TCP, which it does in a network of its own only. */
  readonly secure?: boolean;
  /** A network namespace that is there already, by its name; the engine's control groups are called as it is. */
  readonly network?: string;
  /** Its host name. */
  readonly host?: string;
}

const checkout = fileURLToPath(new URL("../../..", import.meta.url));
const mostEngines = 250;
const betweenLooksMs = 20;
/** Everything is as slow as the machine is busy; this only ends what hangs. */
const hangGuardMs = 60_000;

/** Nobody answers at its name server, and says so at once: an engine that waits for an answer keeps a task waiting. */
const start = `
hostname "$host"
mount -t proc proc /proc
mkdir -p /run/docker /run/containerd
for hidden in /run/docker /run/containerd "$hidden_checkout" "$hidden_temporary"; do mount -t tmpfs tmpfs "$hidden"; done
echo "nameserver 127.0.0.1" > "$folder/resolv.conf"
mount --bind "$folder/resolv.conf" /etc/resolv.conf
cd /
exec dockerd "$@"
`;

export async function startOwnEngine(options: OwnEngineOptions = {}): Promise<OwnEngine> {
  await using starting = new AsyncDisposableStack();
  const folder = mkdtempSync("/var/tmp/sinbin-far-");
  starting.defer(() => rmSync(folder, { recursive: true, force: true }));
  const { name, ip } = options.network === undefined ? joinNetwork() : { name: options.network };
  if (ip !== undefined) starting.defer(() => void run("ip", "netns", "delete", name));
  const secure = options.secure === true && ip !== undefined;
  const port = secure ? 2376 : 2375;
  const socket = join(folder, "docker.sock");
  if (secure) makeCertificates(folder, ip);
  starting.defer(() => removeGroups(name));

  const words = [
    `--net=/run/netns/${name}`,
    ..."unshare --uts --mount --pid --fork --kill-child sh -ec".split(" "),
    start,
    "sh",
    `--host=unix://${socket}`,
    ...(ip === undefined ? [] : [`--host=tcp://${ip}:${port}`]),
    `--data-root=${folder}/data`,
    `--exec-root=${folder}/run`,
    `--pidfile=${folder}/pid`,
    `--cgroup-parent=/${name}`,
    ...(secure ? securedBy(join(folder, "server")) : ["--tls=false"]),
  ];
  const { host = name } = options;
  let child: ChildProcess | undefined;
  const launch = async (): Promise<void> => {
    // Process ids of a namespace that is gone: in the new one they may be somebody else's, whom the engine would wait for.
    for (const file of ["pid", "run/containerd/containerd.pid"]) rmSync(join(folder, file), { force: true });
    child = spawn("nsenter", words, {
      env: { PATH: process.env["PATH"], hidden_checkout: checkout, hidden_temporary: tmpdir(), folder, host },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4000)));
    const patience = performance.now() + hangGuardMs;
    while (!(await answers(socket))) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() > patience)
        throw new Error(`${host}: dockerd has not come up: ${said}`);
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
    address: ip === undefined ? `unix://${socket}` : `tcp://${ip}:${port}`,
    socket,
    certificates: join(folder, "client"),
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

/** Hands them an image of the engine of this machine, which takes it out once for all of them. */
export async function loadImage(image: string, engines: readonly OwnEngine[]): Promise<void> {
  const save = spawn("docker", ["--host", "unix:///var/run/docker.sock", "save", image], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const loads = engines.map(({ socket }) =>
    spawn("docker", ["--host", `unix://${socket}`, "load", "--quiet"], { stdio: ["pipe", "ignore", "inherit"] }),
  );
  // One that ends early says why itself, and is no more written to.
  const ended = [save, ...loads].map(async (child) => {
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) throw new Error(`${child.spawnargs.join(" ")}: it ended with ${code}`);
  });
  for (const { stdin } of loads) save.stdout.pipe(stdin.on("error", () => {}));
  await Promise.all(ended);
}

/** With a number that nobody else has: its veth is what shows that it is taken. */
function joinNetwork(): { readonly name: string; readonly ip: string } {
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
    return { name, ip: `10.213.${number}.2` };
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
