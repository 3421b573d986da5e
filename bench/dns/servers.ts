import { freePort } from "../children.ts";
import { startPeer, type Peer } from "../peers.ts";

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
  return startPeer({ name, port, command: "dnsmasq", words: [...ofEveryDnsmasq, ...here, ...words] });
}
