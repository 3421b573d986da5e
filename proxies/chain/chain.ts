/**
 * The proxies of a link, one behind the other: the outermost is where the client knocks, and the others, as far as somebody has faults for them, listen on
 * loopback of the proxies' host.
 *
 *     client ──► tcp ──► tls ──► http ──► tls again ──► tcp (`leg: upstream`) ──► server
 */
import type { Address } from "../../host/host.ts";
import type { FaultOfLink } from "../../faults/registry.ts";
import type { Neighbours } from "../caller.ts";
import type { EndedBy } from "../tcp/connection.ts";
import type { Inside } from "../tls/proxy.ts";
import { startDnsPart } from "./dns.ts";
import { startHttpPart } from "./http.ts";
import { createMeetings } from "./meetings.ts";
import { startNtpPart } from "./ntp.ts";
import type { ChainEvent, ChainInjection, DatagramPartOptions, Injected, Outermost, Part } from "./part.ts";
import { innerProxyFor, withNeeded, type InnerProxy } from "./planes.ts";
import { startTcpPart } from "./tcp.ts";
import { alpn, startOriginationPart, startTlsPart } from "./tls.ts";
import { startUdpPart } from "./udp.ts";

export { transports, type Transport } from "./part.ts";

/** Whose proxy stands where the client knocks. `tcp`: with others behind it, as there are faults for them. */
export const carriers = ["tcp", "udp", "dns", "ntp"] as const;
export type Carrier = (typeof carriers)[number];

const starters = { udp: startUdpPart, dns: startDnsPart, ntp: startNtpPart };

export interface ChainOptions extends Omit<DatagramPartOptions, "target" | "names" | keyof Neighbours> {
  /** By default tcp. */
  readonly carrier?: Carrier;
  /** Those that every connection passes, in order; by default none. */
  readonly inner?: readonly InnerProxy[];
  /** Requests are within TLS. */
  readonly secure?: boolean;
  /** What the server's certificate is for; the first is what the client calls it. Needed where TLS ends or begins. */
  readonly names?: readonly string[];
  /** Why a connection's server could not be had, be it that nobody trusts it. */
  readonly onServerFailed?: (connection: number, error: unknown) => void;
}

export interface Chain extends Outermost {
  /**
   * Starts what a fault needs and is not there yet, so that it takes effect without delay: connections that come while one lasts pass it, those that are there do not.
   *
   * @throws {Error} with `code` EMFILE and so on if it can't listen.
   */
  prepare(injection: Pick<ChainInjection, "fault" | "parameters" | "leg">): Promise<void>;
}

const loopback = { host: "127.0.0.1", port: 0 };

/** @throws {Error} with `code` EADDRINUSE and so on if it can't listen. */
export async function startChain(options: ChainOptions): Promise<Chain> {
  const { carrier = "tcp", inner: always = [], secure = false, names = [] } = options;
  const server = async (): Promise<Address> => options.server();
  const parts = new Map<InnerProxy, Part>();
  /** Injections, by what carries them. */
  const lasting = new Map<InnerProxy, number>();

  const isThere = (which: InnerProxy): boolean => always.includes(which) || (lasting.get(which) ?? 0) > 0;
  const first = (...candidates: readonly InnerProxy[]): Address | undefined =>
    candidates.filter(isThere).flatMap((which) => parts.get(which)?.address ?? [])[0];
  /** The first of these that connections pass now, or the server. */
  const to =
    (...candidates: readonly InnerProxy[]) =>
    async (): Promise<Address> =>
      first(...candidates) ?? server();

  function inside(): Inside | undefined {
    const address = secure ? first("http") : undefined;
    return address && { address: async () => address, alpn };
  }

  const behindHttp = (): Promise<Address> => {
    const origination = secure ? parts.get("origination")?.address : undefined;
    return origination === undefined ? to("upstream")() : Promise.resolve(origination);
  };

  const meetings = createMeetings();
  /** Those that are there, and why their server could not be had, or was given up, if it was so. */
  const live = new Map<number, EndedBy | undefined>();
  /** What their clients have asked for, where TLS ends. */
  const servernames = new Map<number, string>();
  const partAt = (to: Address | undefined): Part | undefined =>
    parts.values().find(({ address }) => address.host === to?.host && address.port === to.port);
  const neighbours = {
    onDialled(caller, to, from) {
      if (partAt(to) !== undefined) meetings.dialled(caller, to, from);
    },
    onDialFailed({ connection }, to, error) {
      const why = whyOf(error);
      if (live.has(connection)) live.set(connection, why);
      const within = partAt(to);
      if (within === undefined) options.onServerFailed?.(connection, error);
      else if (why === "server-refused") within.turnedAway?.("refused");
    },
  } as const satisfies Neighbours;

  /** Of the outermost. Who refused is somebody else's server to it: it has only seen that its own one hung up. */
  function tell(event: ChainEvent): void {
    if (event.event === "connection.open") live.set(event.connection, undefined);
    const why = event.event === "connection.close" ? live.get(event.connection) : undefined;
    if (event.event === "connection.close") {
      live.delete(event.connection);
      servernames.delete(event.connection);
    }
    options.onEvent("by" in event && event.by === "server-reset" && why !== undefined ? { ...event, by: why } : event);
  }

  /** Of those within. */
  function tellOfInside(event: ChainEvent): void {
    // The one that reads replies has ended what it could not read, and not the server.
    if (event.event === "http.unreadable" && live.has(event.connection)) live.set(event.connection, "proxy");
    if (event.event === "tls.handshake" && live.has(event.connection) && event.servername !== undefined)
      servernames.set(event.connection, event.servername);
    options.onEvent(event);
  }

  function start(which: InnerProxy): Promise<Part> {
    const admit = meetings.admissionAt(() => parts.get(which)?.address.port ?? 0);
    const common = { ...options, ...neighbours, admit, listen: loopback, target: server, names, onEvent: tellOfInside };
    switch (which) {
      case "termination":
      case "tls":
        return startTlsPart({ ...common, server: to("upstream"), terminates: which === "termination", inside });
      case "http":
        return startHttpPart({ ...common, server: behindHttp });
      case "origination":
        return startOriginationPart({
          ...common,
          server: to("upstream"),
          servernameOf: (connection) => servernames.get(connection),
        });
      case "upstream":
        // The link's connections are those of its client.
        return startTcpPart({ ...common, server, onEvent: () => {} });
    }
  }

  /** Either of the two that hear of handshakes stands for the other. */
  const partOf = (which: InnerProxy): Part | undefined =>
    parts.get(which) ??
    (which === "tls" ? parts.get("termination") : undefined) ??
    (which === "termination" ? parts.get("tls") : undefined);

  async function add(wanted: readonly InnerProxy[]): Promise<void> {
    for (const which of wanted.toReversed())
      if (partOf(which) === undefined) parts.set(which, owned.use(await start(which)));
  }

  const owned = new AsyncDisposableStack();
  let silence: AsyncDisposable | undefined;
  async function begin(): Promise<Outermost> {
    await add(always);
    const atDoor = { ...options, ...neighbours, target: server, names, onEvent: tell };
    if (carrier !== "tcp") return starters[carrier](atDoor);
    const next = to("termination", "tls", ...(secure ? [] : (["http"] as const)), "upstream");
    return startTcpPart({ ...atDoor, server: next });
  }
  const outermost = await begin().catch(async (error: unknown) => {
    await owned.disposeAsync();
    throw error;
  });

  return {
    ...outermost,
    async prepare({ fault, parameters, leg }) {
      const which = innerProxyFor(fault, leg);
      if (which !== undefined) await add(withNeeded([which], secure));
      if (silences(fault, parameters)) silence ??= owned.use(await options.host.network.prepareSilence());
    },
    inject(written): Injected {
      const injection = withClient(written);
      const { fault, leg } = injection;
      const which = innerProxyFor(fault, leg);
      if (which === undefined) return outermost.inject(injection);
      const part = partOf(which);
      if (part === undefined)
        throw new Error(`there is no proxy for ${fault.kind} (${which}): it was started for none of its faults`);
      const injected = part.inject(injection);
      lasting.set(which, (lasting.get(which) ?? 0) + 1);
      let lifted = false;
      return {
        effective: injected.effective,
        async [Symbol.asyncDispose]() {
          if (!lifted) lasting.set(which, (lasting.get(which) ?? 0) - 1);
          lifted = true;
          await injected[Symbol.asyncDispose]();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      // The outermost first: so its connections end by it, and not by one behind.
      await outermost[Symbol.asyncDispose]();
      await owned.disposeAsync();
    },
  };
}

/** Whether it leaves connects unanswered. */
function silences(fault: FaultOfLink, parameters: object): boolean {
  if (fault.plane === "dns") return fault.doors?.(parameters as Record<string, unknown>).tcp === "silent";
  return fault.plane === "tcp" && fault.door === "silent";
}

/** As the proxy that dials the server would tell it of its own connection. */
function whyOf(error: unknown): EndedBy | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ECONNRESET") return undefined;
  return code === "ECONNREFUSED" ? "server-refused" : "server-unreachable";
}

/** Which clients is said to all planes alike. */
function withClient({ match: { client, ...match } = {}, ...injection }: ChainInjection): ChainInjection {
  return client === undefined ? { ...injection, match } : { ...injection, match, client };
}
