/** What stands in front of a server of datagrams, or is one: each a process of its own. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endAll, freePort, launch, main, untilOpen } from "./children.ts";

export interface Peer extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

export interface PeerOptions {
  readonly name: string;
  readonly port: number;
  readonly command: string;
  readonly words: readonly string[];
  /** Resolves when it is there; by default when one can connect to its port. */
  readonly ready?: () => Promise<void>;
}

export async function startPeer({ name, port, command, words, ready }: PeerOptions): Promise<Peer> {
  const { child, over } = launch(command, words);
  try {
    if (ready === undefined) await untilOpen(over, [port]);
    else await Promise.race([ready(), over]);
  } catch (error) {
    if (child.exitCode === null) await endAll([child]);
    throw error;
  }
  return { name, port, pid: child.pid ?? 0, [Symbol.asyncDispose]: () => endAll([child]) };
}

/** A daemon with one proxy, called `link`. */
export async function startSinbin(
  name: string,
  behind: Pick<Peer, "port">,
  { proto, faults = [] }: { readonly proto: "dns" | "ntp"; readonly faults?: readonly object[] },
): Promise<Peer> {
  const folder = await mkdtemp(join(tmpdir(), "sinbin-bench-"));
  try {
    const [port, control] = [await freePort(), await freePort()];
    const link = { proto, listen: `127.0.0.1:${port}`, upstream: `127.0.0.1:${behind.port}` };
    const config = join(folder, "sinbin.yaml");
    // JSON is YAML.
    await writeFile(config, JSON.stringify({ links: { link }, faults }));
    const words = [main, "proxy", "--port", String(control), "--config", config];
    // Its proxies are there before it can be asked for them.
    const daemon = await startPeer({ name, port: control, command: process.execPath, words });
    return { ...daemon, port };
  } finally {
    await rm(folder, { recursive: true });
  }
}
