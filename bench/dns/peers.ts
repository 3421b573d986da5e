/** A name server, and what stands in front of it: each a process of its own. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endAll, freePort, launch, main, untilOpen } from "../children.ts";

export interface Peer extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

const ofEveryDnsmasq = ["--keep-in-foreground", "--conf-file=/dev/null", "--pid-file", "--no-resolv", "--no-hosts"];

/** It has one address for all names below `test`. */
export function startNameServer(): Promise<Peer> {
  return startDnsmasq("no proxy", ["--address=/test/10.0.0.1"]);
}

/** Without a cache, and with room for all that `dnsperf` asks at a time. */
export function startForwarder({ port }: Peer): Promise<Peer> {
  return startDnsmasq("dnsmasq", ["--cache-size=0", "--dns-forward-max=1000", `--server=127.0.0.1#${port}`]);
}

async function startDnsmasq(name: string, words: readonly string[]): Promise<Peer> {
  const port = await freePort();
  const here = [`--port=${port}`, "--listen-address=127.0.0.1", "--bind-interfaces"];
  return startPeer(name, port, "dnsmasq", [...ofEveryDnsmasq, ...here, ...words]);
}

/** A daemon with one proxy: of dns, if nothing else is said. */
export async function startSinbin(
  name: string,
  behind: Pick<Peer, "port">,
  { proto = "dns", faults = [] }: { readonly proto?: "dns" | "ntp"; readonly faults?: readonly object[] } = {},
): Promise<Peer> {
  const folder = await mkdtemp(join(tmpdir(), "sinbin-bench-"));
  try {
    const [port, control] = [await freePort(), await freePort()];
    const link = { proto, listen: `127.0.0.1:${port}`, upstream: `127.0.0.1:${behind.port}` };
    const config = join(folder, "sinbin.yaml");
    // JSON is YAML.
    await writeFile(config, JSON.stringify({ links: { link }, faults }));
    // Its proxies are there before it can be asked for them.
    return await startPeer(
      name,
      port,
      process.execPath,
      [main, "proxy", "--port", String(control), "--config", config],
      control,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function startPeer(
  name: string,
  port: number,
  command: string,
  words: readonly string[],
  opens = port,
): Promise<Peer> {
  const { child, over } = launch(command, words);
  try {
    await untilOpen(over, [opens]);
  } catch (error) {
    if (child.exitCode === null) await endAll([child]);
    throw error;
  }
  return { name, port, pid: child.pid ?? 0, [Symbol.asyncDispose]: () => endAll([child]) };
}
