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
  readonly server: () => Address | Promise<Address>;
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
  readonly receive: (bytes: Uint8Array) => void;
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
  let opened: DatagramSocket | undefined;
  const socket: Promise<DatagramSocket | undefined> = host.network
    .bind({ port: 0 }, (bytes, from) => {
      if (!isExpected(from)) return;
      if (ended) {
        onLost("downstream", "idle");
        return;
      }
      lastUsed = host.clock.monotonic();
      received.downstream += bytes.length;
      downstream.receive(bytes);
    })
    .then((bound) => (opened = bound))
    // No socket to be had: what the client sends is lost.
    .catch(() => undefined);
  let sending: Promise<void> = Promise.resolve();
  /** How many wait until it is known where to send them, so that none overtakes another. */
  let behind = 0;

  function sendUp(bytes: Uint8Array): void {
    try {
      const to = server();
      if (behind === 0 && opened !== undefined && isExpected(to)) {
        opened.send(bytes, to);
        delivered.upstream += bytes.length;
      } else if (keep(bytes.length)) {
        behind += 1;
        // Nobody waits for it yet.
        if (to instanceof Promise) to.catch(() => undefined);
        sending = sending.then(() => findAndSend(to, bytes));
      } else onLost("upstream", "no-room");
    } catch {
      onLost("upstream", "no-server");
    }
  }

  /** It is no name then, and needs no resolving. */
  function isExpected(to: Address | Promise<Address>): to is Address {
    return "host" in to && to.host === expected?.host && to.port === expected.port;
  }

  async function findAndSend(to: Address | Promise<Address>, bytes: Uint8Array): Promise<void> {
    try {
      const found = await host.network.resolve(await to);
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
      behind -= 1;
      keep(-bytes.length);
    }
  }

  const upstream = createPipe({
    clock: host.clock,
    keep,
    send(bytes) {
      lastUsed = host.clock.monotonic();
      sendUp(bytes);
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
