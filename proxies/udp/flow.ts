/** All that passes between one client's address and the server: a socket, a pipe each way, and when it ends. */
import type { Address, DatagramSocket, Host } from "../../host/host.ts";
import type { Direction } from "../../faults/udp/contract.ts";
import type { BothWays } from "../live.ts";
import { createPipe, type Pipe } from "./pipe.ts";
import type { FlowEndedBy, WhyLost } from "./relay.ts";

export interface FlowOptions {
  readonly host: Host;
  readonly number: number;
  readonly client: Address;
  readonly server: () => Promise<Address>;
  readonly idleMs: number;
  readonly keep: (bytes: number) => boolean;
  readonly toClient: (bytes: Uint8Array) => void;
  readonly onLost: (direction: Direction, why: WhyLost) => void;
  /** Once: nothing passes any more. */
  readonly onEnd: (by: FlowEndedBy, delivered: Readonly<Record<Direction, number>>) => void;
  /** Its socket is closed, too. */
  readonly onGone: () => void;
}

/** Disposing it ends it, and closes its socket. */
export interface Flow extends AsyncDisposable {
  readonly number: number;
  readonly client: Address;
  readonly pipes: Readonly<Record<Direction, Pipe>>;
  /** When it began, on the host's wall clock. */
  readonly since: number;
  traffic(): BothWays;
  /** From the client. */
  receive(bytes: Uint8Array): void;
  end(by: FlowEndedBy): void;
}

export function createFlow({
  host,
  number,
  client,
  server,
  idleMs,
  keep,
  toClient,
  onLost,
  onEnd,
  onGone,
}: FlowOptions): Flow {
  const since = host.clock.wall();
  const received = { upstream: 0, downstream: 0 };
  const delivered = { upstream: 0, downstream: 0 };
  let ended = false;
  let closed: Promise<void> | undefined;
  let lastUsed = host.clock.monotonic();
  /** What answers from elsewhere is a stranger. */
  let expected: Address | undefined;
  const socket: Promise<DatagramSocket | undefined> = host.network
    .bind({ port: 0 }, (bytes, from) => {
      if (from.host !== expected?.host || from.port !== expected.port) return;
      if (ended) {
        onLost("downstream", "idle");
        return;
      }
      lastUsed = host.clock.monotonic();
      received.downstream += bytes.length;
      downstream.receive(bytes);
    })
    // No socket to be had: what the client sends is lost.
    .catch(() => undefined);
  let sending: Promise<void> = Promise.resolve();

  async function sendUp(bytes: Uint8Array): Promise<void> {
    try {
      const found = await host.network.resolve(await server());
      // The socket speaks IPv4.
      const address = found.find((each) => !each.host.includes(":"));
      const out = await socket;
      if (ended) return;
      if (address === undefined || out === undefined) throw new Error("there is no way to the server");
      expected = address;
      out.send(bytes, address);
      delivered.upstream += bytes.length;
    } catch {
      if (!ended) onLost("upstream", "no-server");
    } finally {
      keep(-bytes.length);
    }
  }

  const upstream = createPipe({
    clock: host.clock,
    keep,
    send(bytes) {
      lastUsed = host.clock.monotonic();
      if (keep(bytes.length)) sending = sending.then(() => sendUp(bytes));
      else onLost("upstream", "no-room");
    },
    onFull: () => onLost("upstream", "no-room"),
  });
  const downstream = createPipe({
    clock: host.clock,
    keep,
    send(bytes) {
      lastUsed = host.clock.monotonic();
      delivered.downstream += bytes.length;
      toClient(bytes);
    },
    onFull: () => onLost("downstream", "no-room"),
  });
  let idle = host.clock.timer(idleMs, lookWhetherIdle);

  /** One timer a flow, however many datagrams pass. */
  function lookWhetherIdle(): void {
    const left = lastUsed + idleMs - host.clock.monotonic();
    if (left <= 0 && upstream.waiting + downstream.waiting === 0) end("idle");
    else idle = host.clock.timer(left > 0 ? left : idleMs, lookWhetherIdle);
  }

  function end(by: FlowEndedBy): void {
    if (ended) return;
    ended = true;
    idle[Symbol.dispose]();
    upstream[Symbol.dispose]();
    downstream[Symbol.dispose]();
    idle = host.clock.timer(idleMs, () => void close());
    onEnd(by, { ...delivered });
  }

  function close(): Promise<void> {
    idle[Symbol.dispose]();
    closed ??= socket.then((open) => open?.[Symbol.asyncDispose]()).then(onGone);
    return closed;
  }

  return {
    number,
    client,
    pipes: { upstream, downstream },
    since,
    traffic: () => ({
      upstream: { received: received.upstream, delivered: delivered.upstream },
      downstream: { received: received.downstream, delivered: delivered.downstream },
    }),
    receive(bytes) {
      lastUsed = host.clock.monotonic();
      received.upstream += bytes.length;
      upstream.receive(bytes);
    },
    end,
    async [Symbol.asyncDispose]() {
      end("proxy");
      await close();
    },
  };
}
