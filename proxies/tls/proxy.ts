/**
 * One link's proxy for TLS: listens where the client looks for the server, and passes on what comes as it is, or ends the client's TLS and begins another
 * one to the server. What it hears of the ClientHello (RFC 6066, RFC 7301) it hears in either case.
 *
 *     client ──► crossing ──┬── passes ───────────────────────────────────────► server
 *                           └── terminator (loopback) ── in the clear, or TLS ──► `inside`, or server
 *
 * The handshake as it passes, its end by FIN and RST included, is in the hands of the links of `proxies/tcp`; so are the bytes within TLS.
 */
import type { Address, Host, Socket } from "../../host/host.ts";
import { matchesServername } from "../../faults/match.ts";
import { subnetOf, type Subnet } from "../../host/subnet.ts";
import type { TlsFault } from "../../faults/tls/contract.ts";
import { createAdmission, type Caller, type Neighbours } from "../caller.ts";
import { chosen, type Selection } from "../chosen.ts";
import type { EndedBy } from "../tcp/connection.ts";
import { highWaterMark } from "../tcp/door.ts";
import { createCrossing, type Crossing, type Handshake } from "./crossing.ts";
import { startTerminator } from "./terminator.ts";

export interface TlsProxyOptions extends Neighbours {
  readonly host: Host;
  readonly listen: { readonly host?: string; readonly port: number };
  /** Where the server is; asked for every connection, since a restarted server may have moved. */
  readonly server: () => Promise<Address>;
  /** What the server's certificate is for. A client that asks for none of these names is taken to mean the first. */
  readonly names: readonly string[];
  /** Where clients find it besides: the proxy's certificate is for these as well, and no server is asked for by them. */
  readonly alsoAt?: readonly string[];
  /** True if the TLS of every connection ends here. Else only that of those which a fault needs to end meets in time. */
  readonly terminates?: boolean;
  /** Whoever wants to see what is inside, in the clear: a connection that comes then ends here, and leads there instead of to the server. */
  readonly inside?: () => Inside | undefined;
  readonly onEvent: (event: TlsProxyEvent) => void;
}

export interface Inside {
  readonly address: () => Promise<Address>;
  /** What it speaks: what clients that offer protocols get. */
  readonly alpn: readonly string[];
}

export type TlsProxyEvent =
  | { readonly type: "open"; readonly connection: number }
  | ({ readonly type: "handshake"; readonly connection: number } & Handshake)
  | { readonly type: "close"; readonly connection: number; readonly by: EndedBy };

export interface TlsInjection extends Selection {
  readonly fault: TlsFault;
  /** Which server the client asks for (SNI); a * stands for anything. */
  readonly servername?: string;
  /** Validated by the fault's schema. */
  readonly parameters: object;
  /** Once for each connection that the fault has really changed. */
  readonly onHit: (detail: Readonly<Record<string, unknown>>) => void;
}

export interface TlsProxy extends AsyncDisposable {
  readonly address: Address;
  /** Takes effect at once, on what is not over yet of each connection; disposing the result lifts it. Later injections act on what earlier ones make. */
  inject(injection: TlsInjection): AsyncDisposable;
}

/** One that acts now, how many connections it has met, and since when. */
export interface Active {
  readonly injection: TlsInjection;
  /** By the wall clock. */
  readonly since: number;
  readonly clients: Subnet | undefined;
  met: number;
}

/** @throws {Error} with `code` EADDRINUSE and so on if it can't listen. */
export async function startTlsProxy(options: TlsProxyOptions): Promise<TlsProxy> {
  const { host, listen, onEvent } = options;
  const crossings = new Set<Crossing>();
  const active = new Set<Active>();
  const admit = createAdmission(options);
  await using starting = new AsyncDisposableStack();
  const terminator = starting.use(await startTerminator(host));
  starting.defer(async () => {
    await Promise.all([...crossings].map((crossing) => crossing[Symbol.asyncDispose]()));
  });

  /** Ordinals count those that it could mean. */
  const isMet = (each: Active, { client }: Caller, servername: string | undefined): boolean => {
    if (each.clients?.contains(client().host) === false) return false;
    if (!matchesServername(each.injection.servername, servername)) return false;
    each.met += 1;
    return chosen(each.injection, each.met);
  };

  function onConnection(client: Socket, caller: Caller): void {
    const { connection } = caller;
    const crossing = createCrossing({
      ...options,
      caller,
      client,
      terminator,
      coming: [...active],
      isMet: (each, servername) => isMet(each, caller, servername),
      onHandshake: (handshake) => onEvent({ type: "handshake", connection, ...handshake }),
      onEnd(by) {
        crossings.delete(crossing);
        onEvent({ type: "close", connection, by });
      },
    });
    crossings.add(crossing);
    onEvent({ type: "open", connection });
    crossing.begin();
  }

  const listener = starting.use(
    await host.network.listen({ ...listen, halfOpen: true, pauseOnConnect: true, highWaterMark }, (client) =>
      admit(client, (caller) => onConnection(client, caller)),
    ),
  );
  const started = starting.move();
  return {
    address: listener.address,
    inject(injection) {
      const clients = injection.client === undefined ? undefined : subnetOf(injection.client);
      const each: Active = { injection, since: host.clock.wall(), clients, met: 0 };
      active.add(each);
      if (injection.scope !== "new") for (const crossing of crossings) crossing.comesLate(each);
      return {
        async [Symbol.asyncDispose]() {
          active.delete(each);
          for (const crossing of crossings) crossing.lift(each);
        },
      };
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
