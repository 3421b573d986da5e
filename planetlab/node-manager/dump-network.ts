/**
 * A network that tells a dump of everything that passes it: whoever uses it need not know.
 *
 *     program ──► dumped network ──► network          look-ups, connections, bytes, HTTP's heads, datagrams
 *                      └──► dump
 */
import { errorMonitor } from "node:events";
import { formatAddress } from "../../host/address.ts";
import type { Clock, ConnectOptions, Network, Socket } from "../../host/host.ts";
import { createHttpReader } from "./dump-http.ts";
import { describeNtp } from "./dump-ntp.ts";
import type { Dump } from "./dump.ts";

/** Bytes that go on arriving are told of so often. */
const everyMs = 1000;

export function dumpNetwork(network: Network, clock: Clock, dump: Dump): Network {
  let connections = 0;
  const since = (began: number): number => clock.monotonic() - began;

  /** Looks at what is read and written, and takes nothing from those who use it. */
  const watch = (socket: Socket, id: number): void => {
    const began = clock.monotonic();
    const http = createHttpReader(dump, id);
    let [received, sent] = [0, 0];
    let [last, told] = [began, began];
    let end = "ours";
    // A listener in front does not make the stream flow: `on` would.
    socket.prependListener("data", (chunk: Uint8Array) => {
      received += chunk.length;
      last = clock.monotonic();
      http.received(chunk);
      if (last - told < everyMs) return;
      told = last;
      dump.line("tcp", "in", { id, bytes: received, ms: since(began) });
    });
    const write = socket.write.bind(socket) as (...args: readonly unknown[]) => boolean;
    socket.write = ((...args: readonly unknown[]): boolean => {
      const [chunk] = args;
      const bytes = typeof chunk === "string" ? Buffer.from(chunk, "latin1") : (chunk as Uint8Array);
      sent += bytes.length;
      http.sent(bytes);
      return write(...args);
    }) as Socket["write"];
    socket.once("end", () => (end = "fin"));
    socket.once(errorMonitor, (error: unknown) => (end = codeOf(error)));
    socket.once("close", () => {
      http.closed();
      dump.line("tcp", "close", { id, by: end, in: received, out: sent, ms: since(began), idle_ms: since(last) });
    });
  };

  return {
    ...network,
    async resolve(address, waiting) {
      const began = clock.monotonic();
      const name = address.host;
      dump.line("dns", "question", { name });
      try {
        const addresses = await network.resolve(address, waiting);
        dump.line("dns", "answer", { name, addresses: addresses.map(({ host }) => host).join(), ms: since(began) });
        return addresses;
      } catch (error) {
        dump.line("dns", "failure", { name, code: codeOf(error), ms: since(began) });
        throw error;
      }
    },
    async connect(options, waiting) {
      const id = (connections += 1);
      const began = clock.monotonic();
      let opened: number | undefined;
      const onOpen: ConnectOptions["onOpen"] = (port) => {
        opened = clock.monotonic();
        dump.line("tcp", "open", { id, ms: since(began) });
        options.onOpen?.(port);
      };
      dump.line("tcp", "connect", { id, to: formatAddress(options), at: options.addresses?.map(formatAddress).join() });
      try {
        const socket = await network.connect({ ...options, onOpen }, waiting);
        if (options.tls === true) dump.line("tls", "handshake", { id, ms: since(opened ?? began) });
        watch(socket, id);
        return socket;
      } catch (error) {
        const plane = opened === undefined ? "tcp" : "tls";
        dump.line(plane, "failure", { id, code: codeOf(error), why: whyOf(error), ms: since(opened ?? began) });
        throw error;
      }
    },
    listen: (options, onConnection) =>
      network.listen(options, (socket) => {
        const began = clock.monotonic();
        const from = peerOf(socket);
        dump.line("tcp", "accept", { from });
        let by = "ours";
        socket.once("end", () => (by = "fin"));
        socket.once(errorMonitor, (error: unknown) => (by = codeOf(error)));
        socket.once("close", () => dump.line("tcp", "gone", { from, by, ms: since(began) }));
        onConnection(socket);
      }),
    async bind(options, onDatagram) {
      let asked = clock.wall();
      const tell = (event: "out" | "in", bytes: Uint8Array, peer: string): void => {
        const ntp = describeNtp(bytes, { asked, now: clock.wall() });
        if (ntp === undefined) dump.malformed("udp", `${event}, of no protocol that is known here: ${peer}`, bytes);
        else dump.line("ntp", ntp.isAnswer ? "answer" : "question", { peer, ...ntp.facts });
      };
      const socket = await network.bind(options, (bytes, from) => {
        tell("in", bytes, formatAddress(from));
        onDatagram(bytes, from);
      });
      return {
        ...socket,
        address: socket.address,
        send(bytes, to) {
          asked = clock.wall();
          tell("out", bytes, formatAddress(to));
          socket.send(bytes, to);
        },
        [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
      };
    },
  };
}

/** Whoever comes by a Unix socket has no address. */
export function peerOf({
  remoteAddress: host,
  remotePort: port,
}: Pick<Socket, "remoteAddress" | "remotePort">): string {
  return host === undefined || port === undefined ? "here" : formatAddress({ host, port });
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error ? String(error.code) : error.name;
}

function whyOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
