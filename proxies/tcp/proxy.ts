/** One link's proxy: listens where the client looks for the server, and puts faults on what passes. */
import { parseAddress } from "../../host/address.ts";
import type { Address, Host, Socket } from "../../host/host.ts";
import { linkIn } from "../../faults/place.ts";
import type { TcpFault } from "../../faults/tcp/contract.ts";
import { createAdmission, dialFor, type Caller, type Neighbours } from "../caller.ts";
import { chosen, isNarrowed, type Selection } from "../chosen.ts";
import { createInjections, type Party } from "../injections.ts";
import { added, noTraffic, type BothWays, type LiveConnection } from "../live.ts";
import { startIntruder } from "./intruder.ts";
import { createConnection, type Connection, type EndedBy } from "./connection.ts";
import { highWaterMark, openDoor, type Barred, type TurnedAway } from "./door.ts";
import { createTurnstile, type Turnstile } from "./turnstile.ts";

export interface TcpProxyOptions extends Neighbours {
  readonly host: Host;
  /** Where to listen. */
  readonly listen: { readonly host?: string; readonly port: number };
  /** Where the server is; asked for every connection, since a restarted server may have moved. */
  readonly server: () => Promise<Address>;
  /** The server of another link, for faults that lead there; asked for every connection as well. */
  readonly serverOf?: (link: string) => Address;
  /** Whom intruders visit, if that is not where connections are led to. */
  readonly target?: () => Promise<Address>;
  readonly onEvent: (event: ProxyEvent) => void;
  /** Somebody tells (`turnedAway`) of each connect that is refused: so a fault that shuts the door may choose among connects. */
  readonly hearsOfRefusals?: boolean;
  /** How many connections there may be at a time; one more is reset, and closed by "limit". */
  readonly maximumConnections?: number;
}

const defaultMaximumConnections = 10_000;
/** How long it may take until we are told: of silence one hears when it has lasted for half a second. */
const longestNewsMs = { refused: 1000, unanswered: 2000 };

export type ProxyEvent =
  | { readonly type: "open"; readonly connection: number }
  | {
      readonly type: "close";
      readonly connection: number;
      readonly upstream: number;
      readonly downstream: number;
      readonly by: EndedBy;
      /** Where a fault has led it, if not to the server. */
      readonly to?: string;
    };

export interface TcpInjection extends Selection {
  readonly fault: TcpFault;
  /** Validated by the fault's schema. */
  readonly parameters: object;
  /** Once for each connection that the fault has really changed (or kept out). */
  readonly onHit: (detail: { readonly connection?: number } & Readonly<Record<string, unknown>>) => void;
}

export interface TcpProxy extends AsyncDisposable {
  /** Where it listens now, or did before its door was shut. */
  readonly address: Address;
  /** Takes effect at once on new and on existing connections; disposing the result lifts it. Later injections act on what earlier ones put out. */
  inject(injection: TcpInjection): Injected;
  /**
   * Somebody saw a connect to this proxy fail at its door (the kernel does that without telling the proxy): counts as a hit of every injection that bars
   * the door in this way, or, since such news takes its time, of the one that did so last, a moment ago.
   */
  turnedAway(how: TurnedAway): void;
  /** Bytes until now, those of live connections included. */
  traffic(): BothWays;
  connections(): readonly LiveConnection[];
}

/** Disposing it lifts the fault. */
export interface Injected extends AsyncDisposable {
  /** Resolves when it has taken effect, which a door needs a moment for. */
  readonly effective: Promise<void>;
}

/** Closing a socket is a call to the kernel: between so many connections, others have a turn. */
const mostClosedAtOnce = 256;

/** @throws {Error} with `code` EADDRINUSE and so on if it can't listen. */
export async function startTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  const { host, listen, server, target = server, onEvent, maximumConnections = defaultMaximumConnections } = options;
  const connections = new Map<Connection, Caller>();
  const admit = createAdmission(options);
  const injections = createInjections<TcpInjection>(host.clock, () => connections.entries().map(partyOf));
  const intruders = new Set<AsyncDisposable>();
  const turnstiles = new Set<Turnstile>();
  const barring = { refused: new Set<TcpInjection>(), unanswered: new Set<TcpInjection>() };
  const barredLast: Partial<Record<TurnedAway, { readonly injection: TcpInjection; readonly until: number }>> = {};
  /** Of connections that are no more. */
  let ended = noTraffic;
  let disposed = false;

  function onConnection(client: Socket, given: Caller): void {
    if (disposed) {
      client.destroy();
      return;
    }
    const { connection: number } = given;
    if (connections.size >= maximumConnections) {
      client.on("error", () => undefined).resetAndDestroy();
      onEvent({ type: "open", connection: number });
      onEvent({ type: "close", connection: number, upstream: 0, downstream: 0, by: "limit" });
      return;
    }
    // What it reads goes on by another socket.
    const caller = options.admit === undefined ? { ...given, client: () => connection.client() } : given;
    const connection: Connection = createConnection({
      clock: host.clock,
      accept: (onRead) => host.network.lend(client, onRead),
      dial: (onRead, waiting, to) =>
        dialFor(
          { host, caller, neighbours: options, to: to === undefined ? server : () => strangerAt(to) },
          { halfOpen: true, highWaterMark, onRead },
          waiting,
        ),
      onEnd(by, delivered, to) {
        connections.delete(connection);
        ended = added(ended, trafficOf(connection));
        onEvent({ type: "close", connection: number, ...delivered, by, ...(to !== undefined && { to }) });
      },
    });
    connections.set(connection, caller);
    onEvent({ type: "open", connection: number });
    for (const turnstile of turnstiles) turnstile.letIn();
    injections.welcome(partyOf([connection, caller]));
    connection.begin();
  }

  async function strangerAt(to: string): Promise<Address> {
    const link = linkIn(to);
    if (link === undefined) return parseAddress(to);
    if (options.serverOf === undefined) throw new Error(`there is no link called ${link}`);
    return options.serverOf(link);
  }

  const partyOf = ([{ links }, { connection: number, client }]: readonly [
    Connection,
    Caller,
  ]): Party<TcpInjection> => ({
    number,
    client,
    take({ owner, injection: { fault, parameters }, direction, hit, since, shared, draw }) {
      const context = { since, others: connections.size - 1, shared, direction, draw };
      links[direction].inject({ owner, fault, parameters, context, onHit: (item) => hit({ item: item.type }) });
    },
    lift(owner) {
      links.upstream.lift(owner);
      links.downstream.lift(owner);
    },
  });

  const door = await openDoor({
    host,
    listen,
    onConnection: (client) => admit(client, (caller) => onConnection(client, caller)),
  });

  /** Bars the door, and says which injections it can be that somebody was turned away by. */
  function bar(injection: TcpInjection, how: Barred): Injected {
    const barred = door.bar(how);
    const outside = how === "shut" ? "refused" : "unanswered";
    barring[outside].add(injection);
    return {
      effective: barred.effective,
      async [Symbol.asyncDispose]() {
        try {
          await barred[Symbol.asyncDispose]();
        } finally {
          barring[outside].delete(injection);
          barredLast[outside] = { injection, until: host.clock.monotonic() + longestNewsMs[outside] };
        }
      },
    };
  }

  /** Shut for the connects that are chosen, and open for those between. */
  function turn(injection: TcpInjection): Injected {
    const turnstile = createTurnstile({
      isShutFor: (ordinal) => chosen(injection, ordinal),
      shut: () => bar(injection, "shut"),
    });
    turnstiles.add(turnstile);
    return {
      effective: turnstile.effective,
      async [Symbol.asyncDispose]() {
        turnstiles.delete(turnstile);
        await turnstile[Symbol.asyncDispose]();
      },
    };
  }

  function intrude({ fault, parameters, draw, onHit }: TcpInjection): AsyncDisposable | undefined {
    if (fault.visit === undefined) return undefined;
    const intruder = startIntruder({
      host,
      server: target,
      visit: (n) => fault.visit?.(n, parameters as Record<string, unknown>, draw),
      onVisit: (n) => onHit({ visit: n }),
    });
    intruders.add(intruder);
    return {
      async [Symbol.asyncDispose]() {
        intruders.delete(intruder);
        await intruder[Symbol.asyncDispose]();
      },
    };
  }

  return {
    address: door.address,

    inject(injection) {
      const intruder = intrude(injection);
      const { door: how } = injection.fault;
      const chooses = how === "shut" && options.hearsOfRefusals === true && isNarrowed(injection);
      const barred = how === undefined ? undefined : chooses ? turn(injection) : bar(injection, how);
      const injected = injections.inject(injection);
      let lifted = false;
      return {
        effective: barred?.effective ?? Promise.resolve(),
        async [Symbol.asyncDispose]() {
          if (lifted) return;
          lifted = true;
          injected[Symbol.dispose]();
          await intruder?.[Symbol.asyncDispose]();
          await barred?.[Symbol.asyncDispose]();
        },
      };
    },

    turnedAway(how) {
      const now = [...barring[how]];
      for (const injection of now) injection.onHit({ [how]: true });
      if (how === "refused") for (const turnstile of turnstiles) turnstile.turnedAway();
      const last = barredLast[how];
      if (now.length > 0 || last === undefined || host.clock.monotonic() > last.until) return;
      last.injection.onHit({ [how]: true });
    },

    traffic: () => connections.keys().map(trafficOf).reduce(added, ended),

    connections: () =>
      [...connections].map(([connection, { connection: number, client }]) => ({
        connection: number,
        client: client(),
        since: connection.since,
        traffic: trafficOf(connection),
      })),

    async [Symbol.asyncDispose]() {
      disposed = true;
      injections.clear();
      await Promise.all([...intruders].map((intruder) => intruder[Symbol.asyncDispose]()));
      await door[Symbol.asyncDispose]();
      const closing: PromiseLike<void>[] = [];
      for (const connection of connections.keys()) {
        closing.push(connection[Symbol.asyncDispose]());
        if (closing.length % mostClosedAtOnce === 0) await host.clock.sleep(0);
      }
      await Promise.all(closing);
    },
  };
}

function trafficOf({ links: { upstream, downstream } }: Connection): BothWays {
  return {
    upstream: { received: upstream.received(), delivered: upstream.delivered() },
    downstream: { received: downstream.received(), delivered: downstream.delivered() },
  };
}
