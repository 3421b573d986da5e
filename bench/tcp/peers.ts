/** The proxies that are measured, each a process of its own in front of all three servers. */
import { spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endAll, freePort, isThere, launch, main, start, untilOpen } from "../children.ts";
import type { Ports } from "./servers.ts";

export interface Peer extends AsyncDisposable {
  readonly name: string;
  readonly ports: Ports;
  /** Of all its processes together; bytes. Undefined for what has none. */
  readonly memory: () => Promise<number | undefined>;
}

/** Two sockets a connection, and a few files. */
export const mostConnections = Math.min(50_000, Math.floor((openFiles() - 200) / 2));
const servers = fileURLToPath(new URL("servers.ts", import.meta.url));

/** `late`: an echo that comes so many milliseconds later. */
export async function startServers(bytes: number, delayMs: number): Promise<Peer & { readonly late: number }> {
  const { child, line } = await start(process.execPath, [servers, String(bytes), String(delayMs)]);
  const { late, ...ports } = JSON.parse(line) as Ports & { readonly late: number };
  return { ...peer("direct", ports, [child]), late };
}

/** One process a server, as `sinbin proxy` has one link. */
export async function startSinbin(name: string, behind: Ports, faults: readonly string[] = []): Promise<Peer> {
  const flags = faults.flatMap((fault) => ["--fault", fault]);
  const all = await Promise.all(
    Object.entries(behind).map(async ([key, port]) => {
      const { child, line } = await start(process.execPath, [main, "proxy", "0", `127.0.0.1:${port}`, ...flags]);
      const { address } = JSON.parse(line) as { readonly address: string };
      return { child, entry: [key, Number(address.split(":").at(-1))] as const };
    }),
  );
  const ports = Object.fromEntries(all.map(({ entry }) => entry)) as unknown as Ports;
  return peer(
    name,
    ports,
    all.map(({ child }) => child),
  );
}

/** In TCP mode, with one thread, as it comes from Debian. Undefined where it is not installed. */
export async function startHaproxy(behind: Ports): Promise<Peer | undefined> {
  if (!isThere("haproxy")) return undefined;
  const folder = await mkdtemp(join(tmpdir(), "sinbin-bench-"));
  const doors = await Promise.all(
    Object.entries(behind).map(async ([key, port]) => ({ key, port, door: await freePort() })),
  );
  const lines = [
    `global\n  nbthread 1\n  maxconn ${mostConnections}`,
    "defaults\n  mode tcp\n  timeout connect 10s\n  timeout client 1h\n  timeout server 1h",
    ...doors.map(({ key, port, door }) => `listen ${key}\n  bind 127.0.0.1:${door}\n  server it 127.0.0.1:${port}`),
  ];
  await writeFile(join(folder, "haproxy.cfg"), `${lines.join("\n")}\n`);
  const { child, over } = launch("haproxy", ["-db", "-f", join(folder, "haproxy.cfg")]);
  await untilOpen(
    over,
    doors.map(({ door }) => door),
  );
  const ports = Object.fromEntries(doors.map(({ key, door }) => [key, door])) as unknown as Ports;
  return peer("HAProxy", ports, [child], () => rm(folder, { recursive: true }));
}

/** Undefined where no `toxiproxy-server` is on the PATH. Each proxy has the toxics. */
export async function startToxiproxy(
  name: string,
  behind: Ports,
  toxics: readonly object[] = [],
): Promise<Peer | undefined> {
  if (!isThere("toxiproxy-server")) return undefined;
  const control = await freePort();
  const { child, over } = launch("toxiproxy-server", ["-port", String(control)]);
  await untilOpen(over, [control]);
  const ports: Record<string, number> = {};
  const post = async (path: string, asked: object): Promise<object> => {
    const reply = await fetch(`http://127.0.0.1:${control}${path}`, { method: "POST", body: JSON.stringify(asked) });
    if (!reply.ok) throw new Error(`${name} answered ${path} with ${reply.status}: ${await reply.text()}`);
    return (await reply.json()) as object;
  };
  for (const [key, port] of Object.entries(behind)) {
    const asked = { name: key, listen: "127.0.0.1:0", upstream: `127.0.0.1:${port}` };
    const { listen } = (await post("/proxies", asked)) as { readonly listen: string };
    ports[key] = Number(listen.split(":").at(-1));
    for (const toxic of toxics) await post(`/proxies/${key}/toxics`, toxic);
  }
  return peer(name, ports as unknown as Ports, [child]);
}

function peer(name: string, ports: Ports, children: readonly ChildProcess[], tidy?: () => Promise<void>): Peer {
  return {
    name,
    ports,
    async memory() {
      let sum = 0;
      for (const { pid } of children) {
        const status = await readFile(`/proc/${pid}/status`, "latin1").catch(() => "");
        const size = /^VmRSS:\s+(\d+)/m.exec(status)?.[1];
        if (size === undefined) return undefined;
        sum += Number(size) * 1024;
      }
      return sum;
    },
    async [Symbol.asyncDispose]() {
      await endAll(children);
      await tidy?.();
    },
  };
}

/** What a process may have open here. */
function openFiles(): number {
  const { stdout } = spawnSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" });
  return stdout.trim() === "unlimited" ? Infinity : Number(stdout);
}
