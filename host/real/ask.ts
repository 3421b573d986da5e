/** How the real host asks name servers: over sockets of its own, with the servers and options of a file that is read for each name. */
import { createSocket } from "node:dgram";
import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import type { Address } from "../host.ts";
import { parseResolvConf, usualResolution, type Resolution } from "../resolv-conf.ts";
import type { ResolverOptions } from "../resolver.ts";

/** Name servers, or the path of a resolv.conf(5). */
export type NameServers = readonly Address[] | string;

/** A file that can't be read is as good as an empty one. */
export async function readResolution(named: NameServers): Promise<Resolution> {
  if (typeof named !== "string") return { ...usualResolution, servers: named };
  return parseResolvConf(await readFile(named, "utf8").catch(() => ""));
}

/** What hosts(5) says of a name, as it is at this moment. */
export async function lookInHosts(path: string, name: string): Promise<string | undefined> {
  const lines = (await readFile(path, "utf8").catch(() => "")).split("\n");
  const wanted = name.toLowerCase().replace(/\.$/, "");
  for (const line of lines) {
    const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (names.some((each) => each.toLowerCase() === wanted)) return address;
  }
  return undefined;
}

export const openQuestionSocket: ResolverOptions["openUdp"] = ({ host, port }, { onDatagram, onRefused }) => {
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  let connected = false;
  let closed = false;
  const waiting: Uint8Array[] = [];
  // Linux tells of ICMP at the next call, whichever that is.
  const send = (bytes: Uint8Array): void => socket.send(bytes, (error) => error !== null && onRefused());
  socket.on("message", onDatagram);
  socket.on("error", onRefused);
  socket.connect(port, host, (error?: Error) => {
    // There is no way to it.
    if (error !== undefined) return closed ? undefined : onRefused();
    connected = true;
    for (const bytes of waiting) if (!closed) send(bytes);
  });
  return {
    send(bytes) {
      if (connected) send(bytes);
      else waiting.push(bytes);
    },
    [Symbol.dispose]() {
      closed = true;
      socket.close();
    },
  };
};
